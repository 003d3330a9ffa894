"""Geometric transforms with PIL, as the published methods use them.

All of them carry along the maps that ``results['aligned']`` names (name -> value of its padding).
Sizes are (height, width); rounding is Python's, half to even.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from PIL import Image

from mmwsss.datasets.transforms.pixel_limit import PixelLimit, resize_image
from mmwsss.registry import TRANSFORMS


def resize_map(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an integer map (H, W) with PIL's nearest neighbour, which differs from OpenCV's."""
    if values.shape == tuple(size):
        return values
    image = Image.fromarray(values if values.dtype == np.uint8 else values.astype(np.int32))
    return np.array(image.resize(size[::-1], Image.Resampling.NEAREST)).astype(values.dtype)


def flip_horizontally(values: np.ndarray) -> np.ndarray:
    """Flip an image (H, W, 3) or a map (H, W); OpenCV, where it knows the type, is the faster."""
    if values.dtype == np.uint8 and values.shape[2:] in ((), (3,)) and values.size:
        return cv2.flip(values, 1)
    return np.ascontiguousarray(values[:, ::-1])


def flip_or_not(results: dict, flip: bool) -> dict:
    """Flip ``img``, the aligned maps and the picture's place, or none of them.

    Sets ``flip`` and ``flip_direction``.
    """
    results['flip'], results['flip_direction'] = flip, 'horizontal' if flip else None
    if flip:
        for name in ('img', *results.get('aligned', ())):
            results[name] = flip_horizontally(results[name])
        width = results['img'].shape[1]
        for name in {'valid_box', 'picture_box'} & set(results):
            top, left, bottom, right = results[name]
            results[name] = (top, width - right, bottom, width - left)
    return results


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < 1:
        raise ValueError(f'size is at least 1, found {size}')
    return height, width


def _resize_all(results: dict, size: tuple[int, int], interpolation: str = 'bicubic') -> dict:
    results['img'] = resize_image(results['img'], size, interpolation)
    results['img_shape'] = size
    for name in results.get('aligned', ()):
        results[name] = resize_map(results[name], size)
    return results


@TRANSFORMS.register_module()
class Resize(BaseTransform):
    """Resize to one size, whatever the aspect ratio; maps by nearest neighbour.

    Args:
        size: (height, width), or one number for both.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _pair(size)

    def transform(self, results: dict) -> dict:
        """Resize ``img`` and the aligned maps."""
        return _resize_all(results, self.size)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class RandomResizeLong(BaseTransform):
    """Resize so that the long side has a random length.

    Draws one integer from Python's generator.

    Args:
        low: Least length.
        high: Greatest length, included.
    """

    def __init__(self, low: int, high: int) -> None:
        if not 1 <= low <= high:
            raise ValueError(f'1 <= low <= high is expected, found {low} and {high}')
        self.low, self.high = low, high

    def transform(self, results: dict) -> dict:
        """Resize ``img`` and the aligned maps."""
        length = random.randint(self.low, self.high)
        height, width = results['img'].shape[:2]
        if width < height:
            size = (length, max(1, round(width * length / height)))
        else:
            size = (max(1, round(height * length / width)), length)
        return _resize_all(results, size)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(low={self.low}, high={self.high})'


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Flip horizontally at random, as :func:`flip_or_not` does.

    Draws one number from torch's generator.

    Args:
        prob: Probability. Defaults to 0.5.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'a probability is in [0, 1], found {prob}')
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Flip ``img`` and the aligned maps, or none of them."""
        return flip_or_not(results, bool(torch.rand(1) < self.prob))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'


@TRANSFORMS.register_module()
class RandomCropPad(BaseTransform):
    """Crop at random to a canvas; a smaller image is placed at random and padded.

    Draws one integer per axis from Python's generator, horizontally first. The place of the image
    goes to ``picture_box`` (top, left, bottom, right) and, unless the padding has a colour of its
    own, to ``valid_box``; there the preprocessor knows the padding.

    Args:
        size: (height, width) of the canvas, or one number for both.
        fill: Pixel value of the padding. Defaults to None: the mean colour, which is to say 0
            after normalisation.
    """

    def __init__(self, size: int | Sequence[int], *, fill: int | None = None) -> None:
        self.size = _pair(size)
        if fill is not None and not 0 <= fill <= 255:
            raise ValueError(f'fill is a pixel value 0..255, found {fill}')
        self.fill = fill

    def transform(self, results: dict) -> dict:
        """Crop ``img`` and the aligned maps alike."""
        shape = results['img'].shape[:2]
        columns, rows = (_place(shape[axis], self.size[axis]) for axis in (1, 0))
        source = rows[0], columns[0]
        target = rows[1], columns[1]
        for name, fill in {'img': self.fill or 0, **results.get('aligned', {})}.items():
            values = results[name]
            canvas = np.full((*self.size, *values.shape[2:]), fill, dtype=values.dtype)
            canvas[target] = values[source]
            results[name] = canvas
        results['img_shape'] = self.size
        y, x = target
        results['picture_box'] = (y.start, x.start, y.stop, x.stop)
        if self.fill is None:
            results['valid_box'] = results['picture_box']
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, fill={self.fill})'


def _place(length: int, canvas: int) -> tuple[slice, slice]:
    """Random slices of the image and of the canvas, of equal length, along one axis."""
    space = length - canvas
    start = random.randrange(abs(space) + 1)
    if space > 0:
        return slice(start, start + canvas), slice(0, canvas)
    return slice(0, length), slice(start, start + length)


@TRANSFORMS.register_module()
class MultiScale(BaseTransform):
    """The photo at several scales, into ``imgs``; ``img`` stays.

    Args:
        scales: Factors; a side becomes ``round(side * factor)``, at least 1 pixel.
        max_pixels: Larger photos are shrunk to so many pixels before the factors are applied, and
            the log says so once. Defaults to None: no photo is, as published.
    """

    def __init__(
        self, scales: Sequence[float] = (0.5, 1.0, 1.5, 2.0), max_pixels: int | None = None
    ) -> None:
        if not scales or min(scales) <= 0:
            raise ValueError(f'scales are positive factors, found {scales}')
        self.scales = tuple(scales)
        self.limit = PixelLimit(max_pixels)

    def transform(self, results: dict) -> dict:
        """Resize ``img`` by every factor."""
        image = self.limit(results['img'], results.get('img_id'))
        height, width = image.shape[:2]
        sizes = [(max(1, round(height * s)), max(1, round(width * s))) for s in self.scales]
        results['imgs'] = [resize_image(image, size) for size in sizes]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(scales={self.scales}, max_pixels={self.limit.max_pixels})'
