"""Pairs of grid positions closer than a radius, and the positions on the path between them.

A pair is a source and a destination that lies ``(dy, dx)`` further, below it or to its right. The
published codes form pairs only for sources in rows ``[0, h - m)`` and columns ``[m, w - m)`` with
``m = radius - 1``, where every destination is on the grid; :func:`view` gives maps over them.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from torch import Tensor


@lru_cache(maxsize=16)
def scan_directions(radius: int) -> tuple[tuple[int, int], ...]:
    """Offsets of the destinations, row by row: AffinityNet's order.

    Args:
        radius: Distances are smaller than it.

    Returns:
        D pairs ``(dy, dx)``; 34 for radius 5, 152 for radius 10.
    """
    if radius < 2:
        raise ValueError(f'radius must be at least 2, found {radius}')
    right = [(0, dx) for dx in range(1, radius)]
    below = [
        (dy, dx)
        for dy in range(1, radius)
        for dx in range(1 - radius, radius)
        if dy * dy + dx * dx < radius * radius
    ]
    return tuple(right + below)


def fitting_radius(size: Sequence[int], radius: int) -> int:
    """Shrink the radius on a small grid so that pairs remain, as AffinityNet's code does.

    Args:
        size: ``(h, w)`` of the grid.
        radius: Kept where the shorter side is at least twice as long and 1 more.

    Returns:
        At least 2, and at most ``radius``.
    """
    return max(2, min(radius, (min(size) - 1) // 2))


@lru_cache(maxsize=16)
def paths(radius: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Offsets of the positions between source and destination: IRN's path index.

    A path holds every grid point of the box between the two whose distance to their line is less
    than 1, the destination first and the source, (0, 0), last. Paths ascend in length, those of
    one length follow :func:`scan_directions`; affinities, labels and displacements share the order.

    Args:
        radius: Distances are smaller than it.

    Returns:
        D paths of offsets ``(y, x)``.
    """
    return tuple(sorted((_path(dy, dx) for dy, dx in scan_directions(radius)), key=len))


def path_directions(radius: int) -> tuple[tuple[int, int], ...]:
    """Offsets of the destinations in the order of :func:`paths`."""
    return tuple(path[0] for path in paths(radius))


def _path(dy: int, dx: int) -> tuple[tuple[int, int], ...]:
    y, x = np.mgrid[0 : dy + 1, min(dx, 0) : max(dx, 0) + 1].reshape(2, -1)
    near = (dy * x - dx * y) ** 2 < dy * dy + dx * dx
    y, x = y[near], x[near]
    order = np.argsort(-np.abs(y) - np.abs(x), kind='stable')
    return tuple(zip(y[order].tolist(), x[order].tolist(), strict=True))


def view(maps: Tensor, offset: tuple[int, int], radius: int) -> Tensor:
    """View of the maps at an offset from every source; no copy.

    Args:
        maps: Shape: (..., h, w).
        offset: ``(dy, dx)``; (0, 0) gives the sources themselves.
        radius: Of the pairs.

    Returns:
        Shape: (..., h - radius + 1, w - 2 * radius + 2).

    Raises:
        ValueError: The grid holds no pair.
    """
    margin, (dy, dx) = radius - 1, offset
    height, width = maps.shape[-2] - margin, maps.shape[-1] - 2 * margin
    if height < 1 or width < 1:
        raise ValueError(
            f'a grid of {tuple(maps.shape[-2:])} has no pairs of radius {radius}: at least '
            f'{(margin + 1, 2 * margin + 1)} is needed. Give it larger images'
        )
    return maps[..., dy : dy + height, margin + dx : margin + dx + width]
