"""Three views of one photo, as ToCo learns from them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageFilter, ImageOps

from mmwsss.datasets.transforms.geometry import resize_image
from mmwsss.datasets.transforms.photometry import ColorJitter
from mmwsss.datasets.transforms.random_resized_crop import crop_box
from mmwsss.ops.photometry import solarize
from mmwsss.registry import TRANSFORMS

Box = tuple[int, int, int, int]


def scaled_crop(
    image: np.ndarray,
    *,
    scale: float,
    mirror: bool,
    pad: Sequence[int],
    corner: Sequence[int],
    size: int,
) -> tuple[np.ndarray, Box]:
    """Resize, mirror, pad with black to at least the crop's size, crop.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.
        scale: Factor of the sides, which are cut to integers; PIL's bilinear filter.
        mirror: Whether left and right change places.
        pad: Row and column of the resized photo in the padded one.
        corner: Row and column of the crop in the padded one.
        size: Side of the crop.

    Returns:
        The crop, (size, size, 3), and where in it the photo is: top, left, bottom, right.
    """
    height, width = (max(1, int(scale * side)) for side in image.shape[:2])
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    photo = np.array(ImageOps.mirror(resized) if mirror else resized)
    canvas = np.zeros((max(height, size), max(width, size), 3), np.uint8)
    canvas[pad[0] : pad[0] + height, pad[1] : pad[1] + width] = photo
    rows, columns = (
        (max(at - begin, 0), min(size, side + at - begin))
        for at, begin, side in zip(pad, corner, (height, width), strict=True)
    )
    crop = canvas[corner[0] : corner[0] + size, corner[1] : corner[1] + size]
    return crop, (rows[0], columns[0], rows[1], columns[1])


def blur(image: np.ndarray, radius: float) -> np.ndarray:
    """PIL's Gaussian blur of an RGB image (H, W, 3), uint8."""
    return np.array(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


@TRANSFORMS.register_module()
class TokenContrastViews(BaseTransform):
    """Make the training view, a second whole view and the view for local crops, into ``imgs``.

    First and third are of one random crop of the resized photo, padded with black, whose box goes
    to ``valid_box`` (top, left, bottom, right); the second is a random part of the photo. Each has
    colours of its own: jitter, grey, blur, and the second sometimes solarised. ToCo's (CVPR 2023).

    Draws from Python's and torch's generators.

    Args:
        size: Side of all views.
        scale: Least and greatest factor of the photo for the first and third view.
        area: Least and greatest share of the photo that the second view shows.
        jitter: Arguments of :class:`ColorJitter` for every view.
        blur_prob: Probabilities of a blur of the three views.
        blur_radius: Least and greatest radius.
        solarize_prob: Of the second view.
        consistent: Mirror the first and third view and the box together. As released (False) both
            views are mirrored by themselves and the box is not.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        size: int = 448,
        *,
        scale: Sequence[float] = (0.5, 2.0),
        area: Sequence[float] = (0.4, 1.0),
        jitter: Mapping[str, Any] = dict(
            brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1, prob=0.8, gray_prob=0.2
        ),
        blur_prob: Sequence[float] = (1.0, 0.1, 0.5),
        blur_radius: Sequence[float] = (0.1, 2.0),
        solarize_prob: float = 0.2,
        consistent: bool = True,
    ) -> None:
        ranges = scale, area, blur_radius
        if size < 1 or any(len(r) != 2 or not 0 < r[0] <= r[1] for r in ranges):
            raise ValueError(
                'a side of at least 1 and two positive numbers each for scale, area and '
                f'blur_radius, the lesser first, are expected, found {size} and {ranges}'
            )
        if len(blur_prob) != 3 or not all(0 <= p <= 1 for p in (*blur_prob, solarize_prob)):
            raise ValueError(
                'three probabilities of a blur and one to solarise are expected, found '
                f'{tuple(blur_prob)} and {solarize_prob}'
            )
        self.size, self.scale, self.area = size, tuple(scale), tuple(area)
        self.jitter = ColorJitter(**jitter)
        self.blur_prob, self.blur_radius = tuple(blur_prob), tuple(blur_radius)
        self.solarize_prob, self.consistent = solarize_prob, consistent

    def transform(self, results: dict) -> dict:
        """Make the views of ``img``.

        Raises:
            ValueError: There are aligned maps.
        """
        if results.get('aligned'):
            raise ValueError(
                f'TokenContrastViews carries no maps along, found {sorted(results["aligned"])}: '
                'leave them out of the pipeline'
            )
        image = results['img']
        crop, box = self._crop(image)
        mirrors = [self._chance(0.5)]
        mirrors.append(mirrors[0] if self.consistent else self._chance(0.5))
        if self.consistent and mirrors[0]:
            box = (box[0], self.size - box[3], box[2], self.size - box[1])
        first, third = (crop[:, ::-1] if mirror else crop for mirror in mirrors)
        second = self._part(image)
        second = second[:, ::-1] if self._chance(0.5) else second
        views = [
            self._colour(view, probability)
            for view, probability in zip((first, second, third), self.blur_prob, strict=True)
        ]
        if self._chance(self.solarize_prob):
            views[1] = solarize(views[1])
        results['imgs'] = views
        results['img_shape'], results['valid_box'] = (self.size, self.size), box
        return results

    @staticmethod
    def _chance(probability: float) -> bool:
        return random.random() < probability

    def _crop(self, image: np.ndarray) -> tuple[np.ndarray, Box]:
        scale, size = random.uniform(*self.scale), self.size
        sides = [max(1, int(scale * side)) for side in image.shape[:2]]
        return scaled_crop(
            image,
            scale=scale,
            mirror=self._chance(0.5),
            pad=[random.randint(0, max(size - side, 0)) for side in sides],
            corner=[random.randint(0, max(side - size, 0)) for side in sides],
            size=size,
        )

    def _part(self, image: np.ndarray) -> np.ndarray:
        top, left, height, width = crop_box(image.shape[:2], self.area, (3 / 4, 4 / 3))
        part = image[top : top + height, left : left + width]
        return resize_image(part, (self.size, self.size))

    def _colour(self, view: np.ndarray, blur_prob: float) -> np.ndarray:
        view = self.jitter.transform({'img': np.ascontiguousarray(view)})['img']
        return blur(view, random.uniform(*self.blur_radius)) if self._chance(blur_prob) else view

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, consistent={self.consistent})'
