"""Labels from class scores with background ``1 - max``, refined by PAR."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.par import par


def refined_scores(image: Tensor, scores: Tensor, iterations: int = 20) -> Tensor:
    """Refine background (``1 - max``) and class scores by PAR.

    Args:
        image: Colours, of any range. Shape: (3, H, W).
        scores: Of the classes, in [0, 1]; resized to the image (bilinear, align_corners False)
            where they are of another size. Shape: (P, h, w).
        iterations: Averages of PAR.

    Returns:
        The background first; grown by 1.01 in each iteration. Shape: (1 + P, H, W).
    """
    size = image.shape[-2:]
    if not len(scores):
        return scores.new_ones((1, *size), dtype=torch.float32) * 1.01**iterations
    scores = scores.float()
    if scores.shape[-2:] != size:
        scores = F.interpolate(scores[None], size, mode='bilinear')[0]
    maps = torch.cat([1 - scores.amax(0, keepdim=True), scores])
    with torch.autocast(image.device.type, enabled=False):
        return par(image[None].float(), maps[None], iterations=iterations)[0]


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
