"""Masks of seeds at a background score."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmwsss.refiners.base import Refiner
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class Threshold(Refiner):
    """The best class of each pixel where it beats the background.

    Args:
        background: Score of the background, or None for the background map of the seeds.
        tuned_on_masks: Whether it was chosen on ground truth, to be recorded.
    """

    runs_in = 'worker'
    output = 'mask'

    def __init__(self, background: float | None = 0.3, *, tuned_on_masks: bool = False) -> None:
        if background is not None and not 0 <= background <= 1:
            raise ValueError(f'background must lie in [0, 1] or be None, found {background}')
        self.background, self.tuned_on_masks = background, tuned_on_masks

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`."""
        if self.background is None and not len(seeds.classes):
            return np.zeros(seeds.size, np.uint8)
        return seeds.to_mask(self.background)

    def protocol(self) -> dict[str, Any]:
        """The threshold."""
        return {
            'type': 'Threshold',
            'background': 'map of the seeds' if self.background is None else self.background,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
