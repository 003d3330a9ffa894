"""Turn seeds into masks with a background score."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmwsss.ops.background import alpha_background
from mmwsss.refiners.base import Refiner
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class Threshold(Refiner):
    """Give each pixel its best class, or background if the background's score is not below it.

    Args:
        background: Constant background score. None uses the background map of the seeds, or
            ``alpha`` if that is given.
        alpha: Use the background score ``(1 - max)^alpha`` instead, as CLIP-ES's evaluation does.
        confidence: Pixels whose best score (background included) is lower become 255, which is
            ignored in training (CLIP-ES's confidence-guided loss). Not allowed with a constant
            background.
        tuned_on_masks: Whether background or alpha was chosen on ground truth, to be recorded.

    Raises:
        ValueError: A value is out of range, or two of them exclude each other.
    """

    runs_in = 'worker'
    output = 'mask'

    def __init__(
        self,
        background: float | None = 0.3,
        *,
        alpha: float | None = None,
        confidence: float | None = None,
        tuned_on_masks: bool = False,
    ) -> None:
        for name, value in (('background', background), ('confidence', confidence)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f'{name} must lie in [0, 1] or be None, found {value}')
        if alpha is not None and not alpha > 0:
            raise ValueError(f'alpha must be positive or None, found {alpha}')
        if background is not None and (alpha is not None or confidence is not None):
            raise ValueError(
                f'alpha={alpha} and confidence={confidence} go with background=None, found '
                f'{background}'
            )
        self.background, self.alpha, self.confidence = background, alpha, confidence
        self.tuned_on_masks = tuned_on_masks

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`."""
        if self.background is None and not len(seeds.classes):
            return np.zeros(seeds.size, np.uint8)
        if self.alpha is not None:
            full = seeds.resize()
            background = alpha_background(full.scores, self.alpha)
            seeds = Seeds(full.classes, full.scores, background, full.size)
        mask = seeds.to_mask(self.background)
        if self.confidence is None:
            return mask
        full = seeds.resize()
        assert full.background is not None  # to_mask refuses seeds without one
        sure = np.maximum(full.scores.max(0), full.background) >= np.float32(self.confidence)
        return np.where(sure, mask, np.uint8(255))

    def protocol(self) -> dict[str, Any]:
        """The threshold."""
        background: Any = 'map of the seeds' if self.background is None else self.background
        if self.alpha is not None:
            background = f'(1 - max)^{self.alpha:g}'
        return {
            'type': 'Threshold',
            'background': background,
            **({} if self.confidence is None else {'confidence': self.confidence}),
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
