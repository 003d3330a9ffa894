"""Masks as polygons and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from pycocotools import mask as mask_api
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import find_contours

#: Pixels that an outline may move. It passes the centre of a pixel at 0.35 pixels or more, and the
#: mask API rounds corners by up to 0.14: below 0.21 no pixel changes its label.
TOLERANCE = 0.2


class Region(NamedTuple):
    """Connected pixels (4-connectivity) of one value.

    Args:
        value: The mask's value there.
        rings: The outer ring first, then those of its holes, in pixels; (0, 0) is the corner of the
            first pixel, whose centre is (0.5, 0.5). Shape of each: (N, 2), x and y.
        area: Pixels.
        filled: Area within the outer ring.
        at_border: Whether it touches the image's border.
    """

    value: int
    rings: list[np.ndarray]
    area: int
    filled: float
    at_border: bool


def regions(mask: np.ndarray, values: Sequence[int], tolerance: float = TOLERANCE) -> list[Region]:
    """Outlines of all connected regions of some values.

    Args:
        mask: Shape: (H, W), uint8.
        values: Values to outline.
        tolerance: Pixels by which simplified outlines may differ from the exact ones.
    """
    found = []
    for value in values:
        labels, _ = ndimage.label(mask == value)
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            part = labels[rows, columns] == number
            contours = find_contours(np.pad(part, 1).astype(np.float32), 0.5)
            offset = (columns.start - 0.5, rows.start - 0.5)
            rings = [_simplified(c[:-1, ::-1] + offset, tolerance) for c in contours]
            rings.sort(key=ring_area, reverse=True)
            at_border = (
                rows.start == 0
                or columns.start == 0
                or rows.stop == mask.shape[0]
                or columns.stop == mask.shape[1]
            )
            area = int(np.count_nonzero(part))
            found.append(Region(value, rings, area, ring_area(rings[0]), at_border))
    return found


def _simplified(ring: np.ndarray, tolerance: float) -> np.ndarray:
    if tolerance <= 0:
        return ring
    short = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, True)[:, 0]
    return short.astype(np.float64) if len(short) > 2 else ring


def ring_area(ring: np.ndarray) -> float:
    """Area of a polygon. Shape: (N, 2)."""
    x, y = ring.T
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def joined(rings: Sequence[np.ndarray]) -> np.ndarray:
    """One polygon of an outer ring and its holes, by seams that are walked there and back.

    Seams have no area: drawn by the even-odd rule, as the mask API does, they leave no trace.
    """
    ring = rings[0]
    for hole in rings[1:]:
        distances, nearest = cKDTree(ring).query(hole)
        j = int(distances.argmin())
        i = int(nearest[j])
        ring = np.concatenate([ring[: i + 1], hole[j:], hole[: j + 1], ring[i:]])
    return ring


def fill(mask: np.ndarray, polygon: np.ndarray, value: int) -> None:
    """Draw a polygon by the rule of COCO's mask API (even-odd, centres of pixels).

    Args:
        mask: Drawn to. Shape: (H, W), uint8.
        polygon: Corners, x and y, see :class:`Region`. Shape: (N, 2).
        value: What to draw.

    Raises:
        ValueError: It has fewer than 3 corners, or corners far outside of the image.
    """
    height, width = mask.shape
    if len(polygon) < 3:
        raise ValueError(f'a polygon has 3 corners or more, found {len(polygon)}')
    low, high = polygon.min(0), polygon.max(0)
    # The mask API walks along every edge, also outside: far corners would cost all memory.
    far = not np.isfinite(polygon).all()
    far = far or low[0] < -width or low[1] < -height
    if far or high[0] > 2 * width or high[1] > 2 * height:
        raise ValueError(
            f'a polygon reaches from ({low[0]:.0f}, {low[1]:.0f}) to ({high[0]:.0f}, '
            f'{high[1]:.0f}), the image from (0, 0) to ({width}, {height})'
        )
    left, top = (max(0, math.floor(x)) for x in low)
    right, bottom = min(width, math.ceil(high[0])), min(height, math.ceil(high[1]))
    if right <= left or bottom <= top:
        return
    shifted = (polygon - (left, top)).ravel().tolist()
    code = mask_api.frPyObjects([shifted], bottom - top, right - left)
    mask[top:bottom, left:right][mask_api.decode(code)[..., 0] > 0] = value


def corners(points: object) -> np.ndarray:
    """Corners of a polygon from a JSON list of pairs. Shape: (N, 2).

    Raises:
        ValueError: It is no such list.
    """
    try:
        array = np.array(points, np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
        raise ValueError('its points are no list of [x, y]')
    return array
