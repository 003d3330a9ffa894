"""Make masks from seeds by giving each proposal to one class."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmwsss.ops.mask_seeding import Pooling, Upper, check_pooling, seed_masks
from mmwsss.refiners.base import Refiner, check_input, proposals_of
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class SAMSeeding(Refiner):
    """Give each proposal to the class with the strongest map inside it, or to the background.

    SAM-based seeding of FMA-WSSS (WACV 2024): :func:`~mmwsss.ops.mask_seeding.label_masks` and
    :func:`~mmwsss.ops.mask_seeding.paint_masks`. It starts from the raw maps of seeds that hold
    them, as published, and else from their scores: it works with the seeds of any method, and the
    scale of a map does not matter. An image without classes, without proposals or with a single
    proposal becomes all background.

    Args:
        power: Exponent of the background's score. Published: 0.6 and 0.7 (VOC, coarse and fine), 1
            (COCO, fine); a larger one gives less background.
        pooling: What is averaged over a mask: 'relu' (published), 'raw' or 'minmax'.
        on_top: Which masks are painted over others: 'whole' (published: SAM's whole objects are
            better than its parts), or 'parts', for ``RegionProposer``, whose large regions cover
            the image.
        tuned_on_masks: Whether ``power`` was chosen on ground truth, to be recorded.
    """

    runs_in = 'worker'
    output = 'mask'
    needs_proposals = True

    def __init__(
        self,
        power: float,
        *,
        pooling: Pooling = 'relu',
        on_top: Upper = 'whole',
        tuned_on_masks: bool = False,
    ) -> None:
        if power <= 0:
            raise ValueError(f'power must be positive, found {power}')
        check_pooling(pooling)
        if on_top not in ('whole', 'parts'):
            raise ValueError(f"on_top must be 'whole' or 'parts', found {on_top!r}")
        self.on_top = on_top
        self.power, self.pooling, self.tuned_on_masks = power, pooling, tuned_on_masks

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`."""
        check_input(image, seeds)
        proposals = proposals_of(self, seeds, proposals)
        return self.seed(seeds.full_raw(), seeds.classes, proposals)

    def seed(self, cams: np.ndarray, classes: np.ndarray, proposals: Proposals) -> np.ndarray:
        """Make labels from raw maps, which may be negative.

        Args:
            cams: At the size of the image. Shape: (K, H, W).
            classes: Class ids, ascending. Shape: (K,).
            proposals: Of the image.

        Returns:
            Shape: (H, W), uint8.
        """
        options: dict[str, Any] = dict(pooling=self.pooling, on_top=self.on_top)
        return seed_masks(cams, classes, proposals, (self.power,), **options)[0]

    def protocol(self) -> dict[str, Any]:
        """How masks are scored and drawn."""
        return {
            'type': 'SAMSeeding',
            'power': self.power,
            'pooling': self.pooling,
            'on_top': self.on_top,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
