"""A baseline that ignores the scores: a shape in the middle of the image."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from mmwsss.refiners.base import Refiner
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class CentrePrior(Refiner):
    """Label a centred shape with the tagged class: a baseline that every method should beat.

    Only the tags of the seeds are used, never their scores. Where an image has several classes
    they share the shape in equal vertical bands, in the order of their ids.

    Args:
        area: Share of the image that the shape covers; 0 for background everywhere.
        shape: 'ellipse' or 'rectangle', of the image's own proportions.
    """

    runs_in = 'worker'
    output = 'mask'

    def __init__(
        self, area: float = 0.3, *, shape: Literal['ellipse', 'rectangle'] = 'ellipse'
    ) -> None:
        if shape not in ('ellipse', 'rectangle'):
            raise ValueError(f"shape must be 'ellipse' or 'rectangle', found {shape!r}")
        largest = math.pi / 4 if shape == 'ellipse' else 1.0
        if not 0 <= area <= largest:
            raise ValueError(f'area of an {shape} must lie in [0, {largest:.3g}], found {area}')
        self.area, self.shape = area, shape
        self.extent = math.sqrt(area / largest)  # side of its box over that of the image

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`."""
        height, width = seeds.size
        if not len(seeds.classes) or not self.area:
            return np.zeros(seeds.size, np.uint8)
        # Pixel centres in units of half the box, so that the shape spans -1..1.
        y, x = (((np.arange(side) + 0.5) * 2 / side - 1) / self.extent for side in (height, width))
        if self.shape == 'ellipse':
            inside = y[:, None] ** 2 + x**2 <= 1
        else:
            inside = (abs(y)[:, None] <= 1) & (abs(x) <= 1)
        number = len(seeds.classes)
        band = np.clip((x + 1) / 2 * number, 0, number - 1).astype(np.intp)
        return np.where(inside, (seeds.classes[band] + 1).astype(np.uint8), np.uint8(0))

    def protocol(self) -> dict[str, Any]:
        """Shape and size."""
        return {
            'type': 'CentrePrior',
            'area': self.area,
            'shape': self.shape,
            'threshold_tuned_on_masks': False,
        }
