"""Let a second source of seeds speak for or against each class of the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmwsss.refiners.base import Refiner, check_input
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class AddEvidence(Refiner):
    """Weight the probabilities of seeds with those of another store.

    A segmentor knows what photos have in common, a classifier's maps know where in this one the
    tag was decided. Both count where they are multiplied: of each pixel, class ``k``
    has ``p_k * exp(weight * e_k)``, background included, divided by the sum over all classes. So
    evidence that says the same of every class changes nothing, and a class that the seeds exclude
    (0) stays out. Our own addition, for a second round of masks.

    In a stage, ``LoadEvidence`` reads the second store. A class that it has no map of has evidence
    0 there, as everywhere in :class:`~mmwsss.structures.Seeds`.

    Args:
        weight: How much the evidence counts; 0 leaves the seeds as they are.
        background: The background's evidence, a constant on the scale of the scores: what
            ``Threshold`` would have. None takes the background map of the evidence.
        tuned_on_masks: Whether one of the two was chosen on ground truth, to be recorded.

    Raises:
        ValueError: A value is out of range.

    Example:
        >>> seeds = Seeds(np.array([4]), np.array([[[0.4]]]), np.array([[0.6]]))
        >>> maps = Seeds(np.array([4]), np.array([[[0.9]]]))
        >>> image = np.zeros((1, 1, 3), np.uint8)
        >>> AddEvidence(2.0, background=0.5)(image, seeds, evidence=maps).to_mask()
        array([[5]], dtype=uint8)
    """

    runs_in = 'worker'
    output = 'seeds'
    needs_evidence = True

    def __init__(
        self, weight: float, *, background: float | None, tuned_on_masks: bool = False
    ) -> None:
        if not weight >= 0:
            raise ValueError(f'weight must not be negative, found {weight}')
        if background is not None and not 0 <= background <= 1:
            raise ValueError(f'background must lie in [0, 1] or be None, found {background}')
        self.weight, self.background, self.tuned_on_masks = weight, background, tuned_on_masks

    def __call__(
        self,
        image: np.ndarray,
        seeds: Seeds,
        proposals: Proposals | None = None,
        evidence: Seeds | None = None,
    ) -> Seeds:
        """Weighted probabilities, at the seeds' resolution; see :class:`Refiner`."""
        check_input(image, seeds)
        if seeds.background is None:
            raise ValueError(
                'AddEvidence weights probabilities, and these seeds have no background map: take '
                "a segmentor's (SoftmaxScores), or those after CRF or PAR with a background score"
            )
        if evidence is None or evidence.size != seeds.size:
            found = None if evidence is None else evidence.size
            raise ValueError(f'AddEvidence needs evidence of size {seeds.size}, found {found}')
        size = seeds.scores.shape[1:]
        evidence = evidence.resize(size)
        votes = np.zeros((1 + len(seeds.classes), *size), np.float32)
        if self.background is not None:
            votes[0] = self.background
        elif evidence.background is not None:
            votes[0] = evidence.background
        else:
            raise ValueError(
                'the evidence has no background map: give its background score, e.g. '
                'AddEvidence(..., background=0.3)'
            )
        _, here, there = np.intersect1d(seeds.classes, evidence.classes, return_indices=True)
        votes[1 + here] = evidence.scores[there]
        # Less the largest vote, which cancels: no weight is too large for exp.
        weighted = np.concatenate([seeds.background[None], seeds.scores])
        weighted *= np.exp(self.weight * (votes - votes.max(0)))
        weighted /= np.maximum(weighted.sum(0), np.finfo(np.float32).tiny)
        return Seeds(seeds.classes, weighted[1:].clip(0, 1), weighted[0].clip(0, 1), seeds.size)

    def protocol(self) -> dict[str, Any]:
        """Weight and background."""
        background: Any = 'map of the evidence' if self.background is None else self.background
        return {
            'type': 'AddEvidence',
            'weight': self.weight,
            'background': background,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
