"""Pixel-adaptive refinement (PAR): smooth maps between neighbouring pixels of similar colour."""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

DILATIONS = (1, 2, 4, 8, 12, 24)
# Row and column steps to the eight neighbours, top left to bottom right.
_STEPS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def neighbours(maps: Tensor, dilations: Sequence[int] = DILATIONS) -> Iterator[Tensor]:
    """Shift maps to each neighbour; the border is padded with its nearest pixel.

    Args:
        maps: Shape: (N, C, H, W).
        dilations: Distances D of the neighbours, in pixels.

    Yields:
        8 D views of one padded copy, the dilations in the outer loop, the neighbours from top
        left to bottom right in the inner one. Shape: (N, C, H, W).
    """
    height, width = maps.shape[-2:]
    margin = max(dilations)
    padded = F.pad(maps, [margin] * 4, mode='replicate')
    for dilation in dilations:
        for dy, dx in _STEPS:
            top, left = margin + dy * dilation, margin + dx * dilation
            yield padded[..., top : top + height, left : left + width]


@torch.no_grad()
def par_weights(
    images: Tensor,
    *,
    dilations: Sequence[int] = DILATIONS,
    sharpness: float = 0.3,
    position: float = 0.01,
) -> Tensor:
    """Compute the weight of each neighbour: closeness in colour plus a little closeness in space.

    Args:
        images: Colours, of any range. Shape: (N, 3, H, W).
        dilations: Distances of the neighbours, in pixels.
        sharpness: Smaller makes the nearest neighbours count more (w1).
        position: Weight of the spatial part (w2).

    Returns:
        Non-negative weights with the sum ``1 + position`` per pixel. Shape: (N, 8 D, H, W).
    """
    number = 8 * len(dilations)
    # Mean, then deviation: two passes over the neighbours instead of (N, 3, 8 D, H, W) in memory.
    zero = torch.zeros_like(images)
    mean = sum(neighbours(images, dilations), zero) / number
    square = sum(((view - mean) ** 2 for view in neighbours(images, dilations)), zero)
    unit = sharpness * ((square / (number - 1)).sqrt() + 1e-8)
    affinity = torch.stack(
        [-((view - images) / unit).square().mean(1) for view in neighbours(images, dilations)], 1
    ).softmax(1)
    distance = images.new_tensor(
        [dilation * (dy * dy + dx * dx) ** 0.5 for dilation in dilations for dy, dx in _STEPS]
    )
    nearness = -((distance / (distance.std() + 1e-8) / sharpness) ** 2)
    return affinity + position * nearness.softmax(0)[:, None, None]


@torch.no_grad()
def par(
    images: Tensor,
    maps: Tensor,
    *,
    dilations: Sequence[int] = DILATIONS,
    sharpness: float = 0.3,
    position: float = 0.01,
    iterations: int = 10,
) -> Tensor:
    """Refine maps by repeated weighted averages over neighbours of similar colour.

    Ru et al., "Token Contrast for Weakly-Supervised Semantic Segmentation", CVPR 2023 (ToCo), the
    pixel-adaptive refinement of 1-stage-wseg; the official code's numbers. One map of each
    neighbour is held at a time, so memory does not grow with the number of neighbours times
    classes.

    Args:
        images: Colours, of any range. Shape: (N, 3, H, W).
        maps: Resized to the images (bilinear, align_corners True). Shape: (N, C, h, w).
        dilations: Distances of the neighbours, in pixels.
        sharpness: Smaller makes the nearest neighbours count more (w1).
        position: Weight of the spatial part (w2).
        iterations: Number of averages.

    Returns:
        Refined maps. Each iteration scales them by ``1 + position``, as in the official code;
        which class is the largest is not affected. Shape: (N, C, H, W).
    """
    weights = par_weights(images, dilations=dilations, sharpness=sharpness, position=position)
    if maps.shape[-2:] != images.shape[-2:]:
        maps = F.interpolate(maps, images.shape[-2:], mode='bilinear', align_corners=True)
    for _ in range(iterations):
        refined = torch.zeros_like(maps)
        for index, view in enumerate(neighbours(maps, dilations)):
            refined.addcmul_(weights[:, index, None], view)
        maps = refined
    return maps
