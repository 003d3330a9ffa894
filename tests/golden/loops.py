"""What the tests that write formulas again as loops share: sizes, numbers, labels."""

import numpy as np
import torch

SEEDS = range(6)
GRIDS = [(1, 1), (1, 7), (5, 3), (4, 4)]


def numbers(seed, *shape, low=None):
    """Normal numbers, or integers from 0 to below ``low``."""
    rng = np.random.default_rng(seed)
    if low is None:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))
    return torch.from_numpy(rng.integers(0, low, shape))


def labels_of(seed, *shape, classes=3):
    """Label maps with unlabelled places; the first image has no foreground."""
    label = numbers(seed, *shape, low=classes + 1)
    label[label == classes] = 255
    label[0][label[0] != 255] = 0
    return label


def close(got, expected, rtol=1e-5, atol=1e-6):
    np.testing.assert_allclose(float(got), float(expected), rtol=rtol, atol=atol)
