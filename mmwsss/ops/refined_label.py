"""Labels from class scores with background ``1 - max``, refined by PAR."""

import torch
from torch import Tensor

from mmwsss.ops.par import par


def refined_scores(image: Tensor, scores: Tensor, iterations: int = 20) -> Tensor:
    """Refine background (``1 - max``) and class scores by PAR.

    Args:
        image: Colours, of any range. Shape: (3, H, W).
        scores: Of the classes, in [0, 1]. Shape: (P, H, W).
        iterations: Averages of PAR.

    Returns:
        The background first; grown by 1.01 in each iteration. Shape: (1 + P, H, W).
    """
    if not len(scores):
        return scores.new_ones((1, *image.shape[-2:])) * 1.01**iterations
    maps = torch.cat([1 - scores.amax(0, keepdim=True), scores])
    return par(image[None].float(), maps[None].float(), iterations=iterations)[0]


def refined_label(refined: Tensor, classes: Tensor) -> Tensor:
    """Best label of each pixel; the background wins ties.

    Args:
        refined: From :func:`refined_scores`. Shape: (1 + P, H, W).
        classes: Foreground ids of the maps. Shape: (P,).

    Returns:
        0 background, class id + 1. Shape: (H, W), int64.
    """
    names = torch.cat([classes.new_zeros(1), classes + 1])
    return names[refined.argmax(0)]
