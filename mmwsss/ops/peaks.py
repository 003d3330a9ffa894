"""Find peaks of class activation maps, to use them as point prompts."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def pick_points(
    maps: Tensor, *, threshold: float = 0.5, min_distance: int = 20, legacy: bool = True
) -> list[np.ndarray]:
    """Pick the global maximum and local peaks of each map.

    S2C (CVPR 2024): the maps are dilated (3 x 3, constant border 0), then scikit-image's
    ``peak_local_max`` finds the places that are the greatest within ``min_distance`` rows and
    columns, above the map's least value and not within ``min_distance`` of the border; of two
    that are nearer than ``min_distance``, the greater stays, and of equal ones the first in
    row-major order. Kept are those where the undilated map is above ``threshold``.

    All maps are searched at once on their device, and only candidates come to the host.

    Args:
        maps: Shape: (P, H, W).
        threshold: Least value of a local peak, exclusive.
        min_distance: In pixels, at least 1.
        legacy: As published: the first of the local peaks is dropped, as it should be the global
            maximum (but is another one if that lies near the border), and dilation shifts peaks to
            the upper left by one pixel. If False, maps are not dilated, and those peaks are dropped
            that are within ``min_distance`` of the global maximum.

    Returns:
        For each map (x, y) of its points, the global maximum first, then by falling height.
        Shape: (n, 2), int64, n >= 1.
    """
    if min_distance < 1:
        raise ValueError(f'min_distance is at least 1, found {min_distance}')
    count, height, width = maps.shape
    if not count:
        return []
    heights = _dilate(maps, 3) if legacy else maps
    d = min_distance
    inner = torch.zeros_like(maps, dtype=torch.bool)
    inner[:, d : max(height - d, d), d : max(width - d, d)] = True
    floor = heights.amin((1, 2), keepdim=True)
    candidates = inner & (heights == _dilate(heights, 2 * d + 1)) & (heights > floor)
    index, row, column = candidates.nonzero(as_tuple=True)  # row-major within a map
    top = maps.flatten(1).argmax(1)
    found = torch.stack(  # one transfer from the GPU for all values
        [
            torch.cat([index, torch.arange(count, device=maps.device)]).double(),
            torch.cat([row, top // width]).double(),
            torch.cat([column, top % width]).double(),
            torch.cat([heights[index, row, column].double(), maps.new_zeros(count).double()]),
            torch.cat([maps[index, row, column], maps.new_zeros(count)]).double(),
        ]
    ).cpu()
    owner, y, x, height_of, value = found[:, :-count].numpy()
    places = np.stack([x, y], 1).astype(np.int64)
    best = found[1:3, -count:].numpy().T[:, ::-1].astype(np.int64)
    points = []
    for number in range(count):
        own = owner == number
        peaks = _space(places[own], height_of[own], d)
        if legacy:
            peaks = peaks[value[own][peaks] > threshold][1:]
        else:
            far = np.abs(places[own][peaks] - best[number]).max(1) >= d
            peaks = peaks[(value[own][peaks] > threshold) & far]
        points.append(np.concatenate([best[number : number + 1], places[own][peaks]]))
    return points


def _dilate(maps: Tensor, size: int) -> Tensor:
    """Take the maximum over a square window, in two separable passes."""
    maps = F.max_pool2d(maps[:, None], (size, 1), 1, (size // 2, 0))
    return F.max_pool2d(maps, (1, size), 1, (0, size // 2))[:, 0]


def _space(places: np.ndarray, heights: np.ndarray, distance: int) -> np.ndarray:
    """Keep peaks with a minimal Chebyshev distance, the highest first; stable."""
    order = np.argsort(-heights, kind='stable')
    kept = []
    while len(order):
        kept.append(order[0])
        order = order[np.abs(places[order] - places[order[0]]).max(1) >= distance]
    return np.array(kept, np.int64)
