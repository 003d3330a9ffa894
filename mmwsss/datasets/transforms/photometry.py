"""Photometric augmentation."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """torchvision's colour jitter on PIL, then grey with a small probability.

    Draws from torch's generator. Factors are uniform in 1 - x .. 1 + x, applied in random order.

    Args:
        brightness: Strength.
        contrast: Strength.
        saturation: Strength.
        hue: Strength, at most 0.5 (a whole turn is 1).
        prob: Probability of the jitter. Defaults to 1.
        gray_prob: Probability of grey. Defaults to 0.
    """

    def __init__(
        self,
        *,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
        prob: float = 1.0,
        gray_prob: float = 0.0,
    ) -> None:
        from torchvision import transforms as tv  # a second to import, for what few stages do

        jitter = tv.ColorJitter(brightness, contrast, saturation, hue)
        steps = [jitter] if prob == 1 else [tv.RandomApply([jitter], prob)]
        if gray_prob:
            steps.append(tv.RandomGrayscale(gray_prob))
        self.steps = tv.Compose(steps)

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``."""
        results['img'] = np.array(self.steps(Image.fromarray(results['img'])))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.steps})'
