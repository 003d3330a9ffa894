"""Deterministic parameter values, so that reference outputs need no weights.

A golden case stores the *reference checkpoint's* parameter names and shapes,
one input and the expected outputs. ``state_dict(shapes, salt)`` rebuilds the
checkpoint itself: every value depends only on its name, its shape and the salt.
"""

import zlib

import numpy as np


def value(name, shape, salt=''):
    """float32 (or int64) array for one entry of a state dict.

    Args:
        name (str): the entry's name in the reference checkpoint.
        shape (tuple[int]): its shape.
        salt (str): set it to get another, equally valid, checkpoint.
    """
    shape = tuple(int(s) for s in shape)
    rng = np.random.RandomState(zlib.crc32((salt + name).encode()) & 0x7FFFFFFF)
    leaf = name.rsplit('.', 1)[-1]
    if leaf == 'num_batches_tracked':
        return np.zeros(shape, np.int64)
    if leaf == 'running_var':
        return (0.5 + rng.rand(*shape)).astype(np.float32)
    if leaf in ('running_mean', 'bias') or len(shape) == 0:
        return np.asarray(0.1 * rng.randn(*shape), np.float32)
    if leaf == 'weight' and len(shape) == 1:  # a norm's scale
        return (1 + 0.1 * rng.randn(*shape)).astype(np.float32)
    fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else shape[0]
    return (rng.randn(*shape) / np.sqrt(max(fan_in, 1))).astype(np.float32)


def state_dict(shapes, salt=''):
    """``{name: array}`` for ``{name: shape}``."""
    return {name: value(name, shape, salt) for name, shape in shapes.items()}


def image(height, width, seed=0):
    """uint8 RGB image, ``(height, width, 3)``: smooth blobs plus edges and noise."""
    rng = np.random.RandomState(seed)
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    out = np.zeros((height, width, 3), np.float32)
    for _ in range(4):
        cy, cx = rng.rand(2) * (height, width)
        r = (0.15 + 0.25 * rng.rand()) * min(height, width)
        colour = 255 * rng.rand(3)
        disc = (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
        out[disc] = colour
    out += 40 * np.sin(xx / 9)[..., None] + 12 * rng.randn(height, width, 3)
    return np.clip(out + 60, 0, 255).astype(np.uint8)
