"""Pairs of grid positions by their flat indices, as the published codes gather them."""

import numpy as np


def pair_indices(
    size: tuple[int, int], directions: tuple[tuple[int, int], ...], radius: int
) -> tuple[np.ndarray, np.ndarray]:
    """Flat positions of all sources, (P,), and of their destinations, (D, P); int64.

    Args:
        size: ``(h, w)`` of the grid.
        directions: D offsets.
        radius: Of the pairs.
    """
    margin, (height, width) = radius - 1, size
    rows, columns = np.arange(height - margin), np.arange(margin, width - margin)
    source = (rows[:, None] * width + columns).reshape(-1)
    return source, source + (np.array(directions) @ (width, 1))[:, None]
