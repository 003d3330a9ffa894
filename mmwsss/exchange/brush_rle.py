"""Label Studio's run-length code of brush strokes.

A stream of bits, the highest first: 32 bits number of values; 5 bits the bits of a value less 1;
four times 4 bits the bits of a length less 1; then blocks of 1 bit (1: a run, 0: values as they
are), 2 bits which of the four lengths, the length less 1, and one value or as many as the length
says. The values are those of an RGBA image row by row; its alpha channel is the mask. The stream is
a list of bytes in JSON.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SIZES = (3, 4, 8, 16)
_HEAD = 32 + 5 + 4 * 4
_CHANNELS = 4
_HALF = 128


def encode_brush(mask: np.ndarray) -> list[int]:
    """Code of a mask.

    Args:
        mask: Shape: (H, W), bool.

    Returns:
        Bytes, 0..255.
    """
    flat = np.asarray(mask, bool).ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    borders = np.concatenate([[0], edges, [flat.size]])
    parts = [f'{flat.size * _CHANNELS:032b}', f'{7:05b}', *(f'{size - 1:04b}' for size in _SIZES)]
    for start, length in zip(borders[:-1].tolist(), np.diff(borders).tolist(), strict=True):
        value = '1' * 8 if flat[start] else '0' * 8
        left = length * _CHANNELS
        while left:
            count = min(left, 1 << _SIZES[-1])
            index = next(i for i, size in enumerate(_SIZES) if count <= 1 << size)
            parts.append(f'1{index:02b}{count - 1:0{_SIZES[index]}b}{value}')
            left -= count
    text = ''.join(parts)
    text += '0' * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, 'big'))


def decode_brush(code: object, size: tuple[int, int]) -> np.ndarray:
    """The mask of a code: where alpha is at least 128.

    Args:
        code: Bytes, 0..255.
        size: (H, W) of the image.

    Returns:
        Shape: (H, W), bool.

    Raises:
        ValueError: It is no such code, of another size, or cut short.
    """
    bits = _bits(code)
    if len(bits) < _HEAD:
        raise ValueError('its brush code is cut short')
    total, bits_per_value, sizes = _number(bits[:32]), _number(bits[32:37]) + 1, []
    for k in range(4):
        sizes.append(_number(bits[37 + 4 * k : 41 + 4 * k]) + 1)
    if total != size[0] * size[1] * _CHANNELS:
        raise ValueError(
            f'its brush code has {total} values, an image of {size[0]}x{size[1]} pixels (height x '
            f'width) has {size[0] * size[1] * _CHANNELS}'
        )
    if bits_per_value != 8:
        raise ValueError(f'values of {bits_per_value} bits are coded, 8 are expected')
    # Runs and single values are collected, and unfolded at once.
    values: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    at, done = _HEAD, 0
    powers = 1 << np.arange(7, -1, -1)
    while done < total:
        if at + 3 > len(bits):
            raise ValueError(f'its brush code is cut short after {done} of {total} values')
        width = sizes[2 * bits[at + 1] + bits[at + 2]]
        run, at = bits[at], at + 3
        length = _number(bits[at : at + width]) + 1
        at += width
        stored = 1 if run else length
        if at + 8 * stored > len(bits) or done + length > total:
            raise ValueError(f'its brush code is damaged after {done} of {total} values')
        values.append(bits[at : at + 8 * stored].reshape(-1, 8) @ powers)
        counts.append(np.full(stored, length if run else 1))
        at, done = at + 8 * stored, done + length
    unfolded = np.repeat(np.concatenate(values) >= _HALF, np.concatenate(counts))
    return unfolded.reshape(*size, _CHANNELS)[..., 3]


def _bits(code: object) -> np.ndarray:
    try:
        data = np.array(code if isinstance(code, Sequence) and len(code) else None)
    except (ValueError, OverflowError):
        data = np.empty((0, 0))
    if data.ndim != 1 or data.dtype.kind not in 'ui' or (data < 0).any() or (data > 255).any():
        raise ValueError('its rle is no list of bytes (0 to 255)')
    return np.unpackbits(data.astype(np.uint8)).astype(np.int64)


def _number(bits: np.ndarray) -> int:
    return int(''.join(map(str, bits.tolist())) or '0', 2)
