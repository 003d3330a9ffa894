"""Bilinear interpolation with half-pixel centres, without torch."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def _weights(source: int, target: int) -> np.ndarray:
    """(target, source) float32 interpolation matrix of one axis."""
    position = (np.arange(target) + 0.5) * (source / target) - 0.5
    position = np.clip(position, 0, source - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, source - 1)
    fraction = position - low
    matrix = np.zeros((target, source), np.float64)
    rows = np.arange(target)
    np.add.at(matrix, (rows, low), 1 - fraction)
    np.add.at(matrix, (rows, high), fraction)
    return matrix.astype(np.float32)


def resize_bilinear(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize maps as ``F.interpolate(mode='bilinear', align_corners=False)`` does.

    Args:
        maps: Float32 array of shape (K, h, w).
        size: Target ``(H, W)``.

    Returns:
        Float32 array of shape (K, H, W), equal to torch's result up to rounding.
    """
    height, width = size
    if maps.shape[-2:] == (height, width):
        return maps
    rows, columns = _weights(maps.shape[-2], height), _weights(maps.shape[-1], width)
    return rows @ maps @ columns.T
