"""Augmentation by OpenCV's rules, as in ICAM's second stage."""

from __future__ import annotations

import random

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class HSVShift(BaseTransform):
    """Add a random number each to hue, saturation and value, in OpenCV's 8-bit HSV.

    Hue has 180 steps and goes round, the others are clipped to 0..255. Draws three integers from
    Python's generator.

    Args:
        delta: Largest number, either way.
    """

    def __init__(self, delta: int = 10) -> None:
        if delta < 0:
            raise ValueError(f'delta must be at least 0, found {delta}')
        self.delta = delta

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``."""
        shift = [random.randint(-self.delta, self.delta) for _ in range(3)]
        hsv = cv2.cvtColor(results['img'], cv2.COLOR_RGB2HSV) + np.array(shift, np.int16)
        hsv[..., 0] %= 180
        results['img'] = cv2.cvtColor(hsv.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(delta={self.delta})'


@TRANSFORMS.register_module()
class RandomRescale(BaseTransform):
    """Resize by a random factor with OpenCV: images bicubically (not antialiased), maps by nearest.

    Draws one number from Python's generator. :class:`RandomScale` does so with PIL.

    Args:
        low: Least factor.
        high: Greatest factor.
    """

    def __init__(self, low: float = 0.5, high: float = 1.5) -> None:
        if not 0 < low <= high:
            raise ValueError(f'0 < low <= high is expected, found {low} and {high}')
        self.low, self.high = low, high

    def transform(self, results: dict) -> dict:
        """Resize ``img`` and the aligned maps."""
        factor = random.uniform(self.low, self.high)
        factor = max(factor, 1 / min(results['img'].shape[:2]))  # a pixel stays one
        for name in ('img', *results.get('aligned', ())):
            kind = cv2.INTER_CUBIC if name == 'img' else cv2.INTER_NEAREST
            results[name] = cv2.resize(
                results[name], None, fx=factor, fy=factor, interpolation=kind
            )
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(low={self.low}, high={self.high})'
