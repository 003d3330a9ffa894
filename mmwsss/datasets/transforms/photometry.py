"""Photometric augmentation."""

from __future__ import annotations

from typing import Literal

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmwsss.ops.photometry import jitter, to_grey
from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """torchvision's colour jitter, then grey with a small probability.

    Draws from torch's generator, the same numbers with both backends. Factors are uniform in
    1 - x .. 1 + x, applied in random order.

    Args:
        brightness: Strength.
        contrast: Strength.
        saturation: Strength.
        hue: Strength, at most 0.5 (a whole turn is 1).
        prob: Probability of the jitter. Defaults to 1.
        gray_prob: Probability of grey. Defaults to 0.
        backend: 'pillow' is torchvision's own, as published methods use it; 'opencv' takes a
            fraction of its time, and colours are nearly the same
            (:func:`mmwsss.ops.photometry.jitter`).
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
        backend: Literal['pillow', 'opencv'] = 'pillow',
    ) -> None:
        from torchvision import transforms as tv  # a second to import, for what few stages do

        if backend not in ('pillow', 'opencv'):
            raise ValueError(f"backend must be 'pillow' or 'opencv', found {backend!r}")
        self.backend = backend
        self._jitter = tv.ColorJitter(brightness, contrast, saturation, hue)
        step = self._jitter if backend == 'pillow' else self._by_opencv
        steps = [step] if prob == 1 else [tv.RandomApply([step], prob)]
        if gray_prob:
            grey = tv.RandomGrayscale(gray_prob)
            steps.append(grey if backend == 'pillow' else tv.RandomApply([to_grey], gray_prob))
        self.steps = tv.Compose(steps)

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``."""
        image = results['img']
        if self.backend == 'pillow':
            results['img'] = np.array(self.steps(Image.fromarray(image)))
        else:
            results['img'] = self.steps(image)
        return results

    def _by_opencv(self, image: np.ndarray) -> np.ndarray:
        ranges = self._jitter
        order, *strengths = ranges.get_params(
            ranges.brightness, ranges.contrast, ranges.saturation, ranges.hue
        )
        return jitter(image, order.tolist(), *strengths)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.steps}, backend={self.backend!r})'
