"""Make labels of confident pixels after pixel-adaptive refinement (PAR)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mmwsss.ops.two_level_labels import IGNORE, par_labels
from mmwsss.refiners.base import Refiner, check_input
from mmwsss.refiners.par import image_tensor
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class PARLabels(Refiner):
    """ToCo's pseudo labels: seeds refined with PAR, then thresholded with two background scores.

    Ru et al., "Token Contrast for Weakly-Supervised Semantic Segmentation", CVPR 2023. A pixel
    gets its best class if that exceeds ``high``; background if nothing exceeds ``low``; otherwise
    255. See :func:`mmwsss.ops.two_level_labels.par_labels`.

    Args:
        high: High (strict) background score.
        low: Low (loose) background score.
        tuned_on_masks: Whether the two scores were chosen on ground truth, to be recorded.
        iterations: Number of PAR iterations.
        down_scale: Work at this fraction of the image's size, rounded down.
    """

    runs_in = 'device'
    output = 'mask'

    def __init__(
        self,
        *,
        high: float = 0.7,
        low: float = 0.25,
        tuned_on_masks: bool = False,
        iterations: int = 10,
        down_scale: int = 2,
    ) -> None:
        if not 0 <= low <= high <= 1:
            raise ValueError(f'0 <= low <= high <= 1 expected, found low {low} and high {high}')
        if iterations < 0 or down_scale < 1:
            raise ValueError(
                f'iterations >= 0 and down_scale >= 1 expected, found {iterations}, {down_scale}'
            )
        self.high, self.low, self.tuned_on_masks = high, low, tuned_on_masks
        self.iterations, self.down_scale = iterations, down_scale

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`."""
        check_input(image, seeds)
        number = len(seeds.classes)
        if not number:
            return np.zeros(seeds.size, np.uint8)
        scores = torch.from_numpy(seeds.resize().scores).to(self.device)[None]
        labels = par_labels(
            image_tensor(image, self.device),
            scores,
            scores.new_ones(1, number),
            high=self.high,
            low=self.low,
            down_scale=self.down_scale,
            iterations=self.iterations,
        )
        names = np.full(IGNORE + 1, IGNORE, np.uint8)
        names[: number + 1] = [0, *(seeds.classes + 1)]
        return names[labels[0].cpu().numpy()]

    def protocol(self) -> dict[str, Any]:
        """All options."""
        return {
            'type': 'PARLabels',
            'high': self.high,
            'low': self.low,
            'iterations': self.iterations,
            'down_scale': self.down_scale,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
