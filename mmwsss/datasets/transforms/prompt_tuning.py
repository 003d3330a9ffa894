"""Augmentation of FMA-WSSS, drawn from numpy's generator in the published order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.datasets.transforms.geometry import _pair, _resize_all, flip_or_not, resize_image
from mmwsss.registry import TRANSFORMS


def jitter_colors(
    image: np.ndarray,
    *,
    brightness: float | None = None,
    contrast: float | None = None,
    saturation: float | None = None,
    hue: float | None = None,
    order: Sequence[int] = (0, 1, 2, 3),
) -> np.ndarray:
    """Change the colours of an image by OpenCV's ``convertScaleAbs``, one step after the other.

    That takes *absolute values* before it saturates: a negative brightness makes the darkest pixels
    brighter again, and hues are reflected at 0 and stop at 255 instead of going round.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.
        brightness: Added; None leaves the step out.
        contrast: Factor of the pixel values.
        saturation: Factor of the saturation.
        hue: Added to the hue, of which 256 are the whole circle.
        order: Steps in the order in which they are taken, by their places above.

    Returns:
        Shape: (H, W, 3), uint8.
    """
    for step in order:
        value = (brightness, contrast, saturation, hue)[step]
        if value is None:
            continue
        if step == 0:
            image = cv2.convertScaleAbs(image, alpha=1, beta=value)
        elif step == 1:
            image = cv2.convertScaleAbs(image, alpha=value, beta=0)
        elif step == 2:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            hsv[..., 1] = cv2.convertScaleAbs(hsv[..., 1], alpha=value, beta=0)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        else:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
            hsv[..., 0] = cv2.convertScaleAbs(hsv[..., 0], alpha=1, beta=value)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)
    return image


@TRANSFORMS.register_module()
class AbsColorJitter(BaseTransform):
    """:func:`jitter_colors` in random order, each step with a probability of its own.

    Draws from numpy's generator: for each of the four steps one number in [0, 1) and, if it is
    below ``prob``, the value; then a permutation.

    Args:
        brightness: Greatest change, either way.
        contrast: Factors are in 1 - x .. 1 + x.
        saturation: Factors are in 1 - x .. 1 + x.
        hue: Greatest change, either way.
        prob: Probability of each step.
    """

    def __init__(
        self,
        *,
        brightness: float = 25.0,
        contrast: float = 0.4,
        saturation: float = 0.5,
        hue: float = 25.0,
        prob: float = 0.5,
    ) -> None:
        if not 0 <= prob <= 1 or min(brightness, contrast, saturation, hue) < 0:
            raise ValueError(
                'a probability in [0, 1] and ranges of at least 0 are expected, found '
                f'{prob} and {brightness}, {contrast}, {saturation}, {hue}'
            )
        self.ranges = dict(
            brightness=(-brightness, brightness),
            contrast=(1 - contrast, 1 + contrast),
            saturation=(1 - saturation, 1 + saturation),
            hue=(-hue, hue),
        )
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``."""
        values = {
            name: np.random.uniform(*span) if np.random.random() < self.prob else None
            for name, span in self.ranges.items()
        }
        order = np.arange(4)
        np.random.shuffle(order)
        results['img'] = jitter_colors(results['img'], **values, order=order.tolist())
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.ranges}, prob={self.prob})'


@TRANSFORMS.register_module()
class RandomResizeCovering(BaseTransform):
    """Resize so that the long side has a random length, unless the short side gets too short.

    Draws one integer from numpy's generator.

    Args:
        low: Least length of the long side.
        high: Greatest length of the long side, included.
        short: Least length of the short side, which takes precedence.
    """

    def __init__(self, low: int, high: int, short: int) -> None:
        if not 1 <= low <= high or short < 1:
            raise ValueError(
                f'1 <= low <= high and short >= 1 are expected, found {low}, {high} and {short}'
            )
        self.low, self.high, self.short = low, high, short

    def transform(self, results: dict) -> dict:
        """Resize ``img`` and the aligned maps."""
        length = self.low + int(np.random.randint(self.high - self.low + 1))
        height, width = results['img'].shape[:2]
        ratio = max(length / max(height, width), self.short / min(height, width))
        return _resize_all(results, (round(ratio * height), round(ratio * width)))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(low={self.low}, high={self.high}, short={self.short})'


@TRANSFORMS.register_module()
class RandomCropInside(BaseTransform):
    """Crop; the image must be at least as large.

    Draws two integers from numpy's generator, first the row.

    Args:
        size: (height, width), or one number for both.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _pair(size)

    def transform(self, results: dict) -> dict:
        """Crop ``img`` and the aligned maps alike."""
        shape = results['img'].shape[:2]
        if shape[0] < self.size[0] or shape[1] < self.size[1]:
            raise ValueError(
                f'{results.get("img_id", "an image")}: {shape[0]}x{shape[1]} pixels are fewer than '
                f'the crop of {self.size[0]}x{self.size[1]}: set short of RandomResizeCovering'
            )
        top, left = (
            int(np.random.randint(side - crop + 1))
            for side, crop in zip(shape, self.size, strict=True)
        )
        for name in ('img', *results.get('aligned', ())):
            crop = results[name][top : top + self.size[0], left : left + self.size[1]]
            results[name] = np.ascontiguousarray(crop)
        results['img_shape'] = self.size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class RandomMirror(BaseTransform):
    """Mirror left and right every other time, as :func:`flip_or_not` does.

    Draws one integer from numpy's generator.
    """

    def transform(self, results: dict) -> dict:
        """Mirror ``img`` and the aligned maps, or none of them."""
        return flip_or_not(results, bool(np.random.choice(2)))

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class ResizeToMultiple(BaseTransform):
    """The photo with each side at the next multiple of a number, into ``imgs``; ``img`` stays.

    The aspect ratio changes a little. Maps keep the size of the photo.

    Args:
        divisor: E.g. 16: 375 x 500 becomes 384 x 512.
        factor: Each side is multiplied by it before it is rounded up.
    """

    def __init__(self, divisor: int = 16, factor: float = 1.0) -> None:
        if divisor < 1 or factor <= 0:
            raise ValueError(
                'a divisor of at least 1 and a positive factor are expected, found '
                f'{divisor} and {factor}'
            )
        self.divisor, self.factor = divisor, factor

    def transform(self, results: dict) -> dict:
        """Resize ``img``."""
        sides = (math.ceil(side * self.factor / self.divisor) for side in results['img'].shape[:2])
        size = tuple(side * self.divisor for side in sides)
        results['imgs'] = [resize_image(results['img'], size)]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(divisor={self.divisor}, factor={self.factor})'
