"""Transforms of photos with box prompts: resizing for SAM, and Co2SAM's two views."""

from __future__ import annotations

import random

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.datasets.transforms.pixel_limit import resize_image
from mmwsss.ops import photometry
from mmwsss.registry import TRANSFORMS


def frame_size(size: tuple[int, int], side: int, keep_ratio: bool) -> tuple[int, int]:
    """Size (H, W) at which an image goes into SAM's square.

    Args:
        size: (H, W) of the image.
        side: Of the square.
        keep_ratio: Only the long side fills it; halves are rounded up.
    """
    if not keep_ratio:
        return side, side
    factor = side / max(size)
    return max(1, int(size[0] * factor + 0.5)), max(1, int(size[1] * factor + 0.5))


@TRANSFORMS.register_module()
class ToSAMFrame(BaseTransform):
    """Resize the photo for SAM; maps keep the photo's size, at which they are scored.

    Sets ``img`` and ``img_shape``.

    Args:
        side: Side of SAM's square.
        keep_ratio: Keep the aspect ratio; the preprocessor fills up the square.
    """

    def __init__(self, *, side: int = 1024, keep_ratio: bool = True) -> None:
        if side < 1:
            raise ValueError(f'side is at least 1, found {side}')
        self.side, self.keep_ratio = side, keep_ratio

    def transform(self, results: dict) -> dict:
        """Resize ``img``."""
        size = frame_size(results['img'].shape[:2], self.side, self.keep_ratio)
        results['img'] = resize_image(results['img'], size, 'bilinear')
        results['img_shape'] = size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(side={self.side}, keep_ratio={self.keep_ratio})'


@TRANSFORMS.register_module()
class Co2SAMViews(BaseTransform):
    """A weak and a strong view of the photo, into ``imgs``, in SAM's frame.

    The weak view is the photo in one of four orientations (as it is, mirrored in either direction,
    or in both), which are equally likely: that is what the three flips of the release amount to.
    The strong view is the weak one after :func:`strong`. Draws from Python's generator. Sets
    ``img_shape``, ``flip`` and ``flip_direction``.

    Args:
        side: Side of SAM's square.
        keep_ratio: Keep the aspect ratio. As published (False) photos are stretched to the square,
            unlike in testing.
        flip_prompts: Mirror the boxes with the photo. As published (False) they stay, and fit
            one photo in four.
    """

    DIRECTIONS = (None, 'horizontal', 'vertical', 'diagonal')

    def __init__(
        self, *, side: int = 1024, keep_ratio: bool = True, flip_prompts: bool = True
    ) -> None:
        if side < 1:
            raise ValueError(f'side is at least 1, found {side}')
        self.side, self.keep_ratio, self.flip_prompts = side, keep_ratio, flip_prompts

    def transform(self, results: dict) -> dict:
        """Make ``imgs`` of ``img``, and let ``prompts`` follow."""
        direction = random.choice(self.DIRECTIONS)
        horizontal = direction in ('horizontal', 'diagonal')
        vertical = direction in ('vertical', 'diagonal')
        image = results['img'][:: -1 if vertical else 1, :: -1 if horizontal else 1]
        weak = np.ascontiguousarray(image)
        size = frame_size(weak.shape[:2], self.side, self.keep_ratio)
        results['imgs'] = [resize_image(view, size, 'bilinear') for view in (weak, strong(weak))]
        results['img_shape'] = size
        results['flip'], results['flip_direction'] = direction is not None, direction
        if self.flip_prompts:
            results['prompts'] = results['prompts'].flip(horizontal=horizontal, vertical=vertical)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(side={self.side}, keep_ratio={self.keep_ratio}, '
            f'flip_prompts={self.flip_prompts})'
        )


def strong(image: np.ndarray) -> np.ndarray:
    """Co2SAM's strong augmentation; each of its six steps happens half of the time.

    In this order: 4 bits a value; equalised histograms; sharpening by 0.2 to 0.5 with lightness
    0.5 to 1; values from 128 on inverted; contrast by a factor of 0.8 to 1.2 with up to 0.2 of the
    range added or taken away; one or two random pentagons of shadow in the lower half.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.
    """
    height, width = image.shape[:2]
    if _half():
        image = photometry.posterize(image, 4)
    if _half():
        image = photometry.equalize(image)
    if _half():
        kernel = photometry.sharpening_kernel(random.uniform(0.2, 0.5), random.uniform(0.5, 1))
        image = photometry.convolve(image, kernel)
    if _half():
        image = photometry.solarize(image, 128)
    if _half():
        factor, shift = 1 + random.uniform(-0.2, 0.2), random.uniform(-0.2, 0.2)
        image = photometry.brightness_contrast(image, factor, shift)
    if _half():
        polygons = [
            np.array(
                [[random.randint(0, width), random.randint(height // 2, height)] for _ in range(5)]
            )
            for _ in range(random.randint(1, 2))
        ]
        image = photometry.shadow(image, polygons)
    return image


def _half() -> bool:
    return random.random() < 0.5
