"""Pseudo labels from one mask per image and class."""

from typing import NamedTuple

import torch
from torch import Tensor

#: Score where no mask of a class lies.
NOTHING = -1e5


class PseudoLabels(NamedTuple):
    """Labels and scores that the masks of N images give.

    Args:
        label: Class of each pixel, ``num_classes`` for background. Shape: (N, H, W), int64.
        score: Score of that class, 0 on background. Shape: (N, H, W).
        scores: Score of each mask, ``-1e5`` outside of it. Shape: (P, H, W).
    """

    label: Tensor
    score: Tensor
    scores: Tensor


def merge_masks(masks: Tensor, confidence: Tensor, cams: Tensor, tags: Tensor) -> PseudoLabels:
    """Give each pixel to the mask with the highest score there.

    S2C (CVPR 2024), section 3.3: the score of a mask at a pixel is the confidence there times the
    mean of its class's map over the mask. The lowest class wins a tie. A pixel whose best score is
    negative is background; a score of exactly 0 (a mask on an empty map) is not.

    Args:
        masks: One for each image and class, in row-major order of ``tags``. Shape: (P, H, W), bool.
        confidence: Confidence of each mask's pixels. Shape: (P, H, W).
        cams: Normalised maps of the same pairs. Shape: (P, H, W).
        tags: Which classes an image has. Shape: (N, C), bool.
    """
    area = masks.sum((1, 2)).clamp(min=1)
    weight = (cams * masks).sum((1, 2)) / area
    scores = torch.where(masks, confidence * weight[:, None, None], NOTHING)
    # Images have few classes: stacking only those needs less memory than all C maps.
    image, classes = tags.nonzero(as_tuple=True)
    rank = tags.long().cumsum(1)[image, classes] - 1
    depth = max(1, int(tags.sum(1).max()))
    stack = scores.new_full((len(tags), depth, *scores.shape[1:]), NOTHING)
    stack[image, rank] = scores
    names = classes.new_zeros((len(tags), depth))
    names[image, rank] = classes
    best, winner = stack.max(1)
    label = names.gather(1, winner.flatten(1)).view_as(winner)
    background = best < 0
    label = label.masked_fill_(background, tags.shape[1])
    return PseudoLabels(label, best.masked_fill_(background, 0), scores)
