"""Weight seeds towards the middle of the image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mmwsss.refiners.base import Refiner
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class LocationPrior(Refiner):
    """Multiply scores by a Gaussian around the middle of the image.

    ``scores**power * exp(-(x**2 + y**2) / (2 * sigma**2))``, with x and y from -1 to 1 across the
    image. Our own addition, for photos of single objects whose maps are also active on the
    surroundings (grass under sheep). It needs maps with some score everywhere:
    ``test_cfg=dict(fuse='shifted')``.

    Args:
        sigma: Width of the Gaussian, in halves of the image's sides.
        power: Exponent of the scores: 1 for the plain product, less to trust the maps less, 0 for
            the Gaussian alone (a baseline).
        tuned_on_masks: Whether the two were chosen on ground truth, to be recorded.
    """

    runs_in = 'worker'
    output = 'seeds'

    def __init__(
        self, sigma: float = 0.5, *, power: float = 1.0, tuned_on_masks: bool = False
    ) -> None:
        if sigma <= 0:
            raise ValueError(f'sigma must be positive, found {sigma}')
        if power < 0:
            raise ValueError(f'power must not be negative, found {power}')
        self.sigma, self.power, self.tuned_on_masks = sigma, power, tuned_on_masks

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> Seeds:
        """Weighted scores, at the seeds' resolution; see :class:`Refiner`."""
        height, width = seeds.scores.shape[-2:]
        # Pixel centres, so that the weights do not depend on the seeds' resolution.
        y, x = ((np.arange(side) + 0.5) * 2 / side - 1 for side in (height, width))
        weight = np.exp(-(y[:, None] ** 2 + x**2) / (2 * self.sigma**2)).astype(np.float32)
        # Raw maps know nothing of the weights, and SAMSeeding would start from them.
        return replace(seeds, scores=seeds.scores**self.power * weight, raw=None)

    def protocol(self) -> dict[str, Any]:
        """Width and exponent."""
        return {
            'type': 'LocationPrior',
            'sigma': self.sigma,
            'power': self.power,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
