"""Merge label maps with class-agnostic masks."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from mmwsss.refiners.base import Refiner, check_input, proposals_of
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds

Rule = Literal['max_iou', 'max_iou_imp', 'max_iou_imp2']


@REFINERS.register_module()
class SAMVote(Refiner):
    """Give each proposal to the class that covers most of it; see :func:`sam_vote`.

    Args:
        background: Background score with which the seeds become the label map to merge, or None
            for the background map of the seeds.
        rule: Which masks a class may claim, named as in the official code; see :func:`sam_vote`.
        tuned_on_masks: Whether ``background`` was chosen on ground truth, to be recorded.
    """

    runs_in = 'worker'
    output = 'mask'
    needs_proposals = True

    def __init__(
        self,
        background: float | None = 0.3,
        *,
        rule: Rule = 'max_iou_imp2',
        tuned_on_masks: bool = False,
    ) -> None:
        if background is not None and not 0 <= background <= 1:
            raise ValueError(f'background must lie in [0, 1] or be None, found {background}')
        _check_rule(rule)
        self.background, self.rule, self.tuned_on_masks = background, rule, tuned_on_masks

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`."""
        check_input(image, seeds)
        proposals = proposals_of(self, seeds, proposals)
        if not len(seeds.classes):
            return np.zeros(seeds.size, np.uint8)
        return sam_vote(seeds.to_mask(self.background), proposals.masks(), self.rule)

    def protocol(self) -> dict[str, Any]:
        """Background score and rule."""
        return {
            'type': 'SAMVote',
            'background': 'map of the seeds' if self.background is None else self.background,
            'rule': self.rule,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }


def sam_vote(labels: np.ndarray, masks: np.ndarray, rule: Rule = 'max_iou_imp2') -> np.ndarray:
    """Merge a label map with masks, as "Segment Anything Model Enhanced Pseudo Labels" does.

    Chen et al., 2023, official code. Classes are processed in ascending order. Each class claims
    the unclaimed masks that it covers by more than half; with ``'max_iou_imp2'`` (published) also
    those that contain at least 85 % of its pixels. It is painted on the masks that it claimed and,
    except with ``'max_iou'``, on those of its own pixels that no mask unclaimed before its turn
    covers. Later classes overwrite earlier ones; all other pixels become background, unlabelled
    ones included.

    Args:
        labels: 0 background, 1.. classes, 255 unlabelled. Integers. Shape: (H, W).
        masks: In any order. Bool. Shape: (M, H, W).
        rule: One of the three names.

    Returns:
        Shape: (H, W), uint8.
    """
    _check_rule(rule)
    if masks.shape[1:] != labels.shape:
        raise ValueError(f'labels are of {labels.shape}, the masks of {masks.shape[1:]}')
    merged = np.zeros(labels.shape, np.uint8)
    classes = np.setdiff1d(labels, [0, 255])
    own = labels == classes[:, None, None]
    # Counts are below 2^24, so float32 is exact, and its matrix product is fast.
    flat, flat_own = (x.reshape(len(x), labels.size).astype(np.float32) for x in (masks, own))
    inside = (flat @ flat_own.T).astype(np.float64)
    wanted = 2 * inside > flat.sum(1)[:, None]
    if rule == 'max_iou_imp2':
        wanted |= inside >= 0.85 * flat_own.sum(1, dtype=np.float64)
    offered = np.full(len(masks), True)
    for index, label in enumerate(classes):
        taken = offered & wanted[:, index]
        if rule != 'max_iou':
            merged[own[index] & ~masks[offered].any(0)] = label
        merged[masks[taken].any(0)] = label
        offered &= ~taken
    return merged


def _check_rule(rule: str) -> None:
    if rule not in get_args(Rule):
        raise ValueError(f'rule must be one of {get_args(Rule)}, found {rule!r}')
