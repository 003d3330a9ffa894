"""RandAugment with PIL, with operations that get stronger with the magnitude."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageEnhance, ImageOps

from mmwsss.registry import TRANSFORMS

FILL = (124, 116, 104)  # ImageNet's mean colour
MAX_MAGNITUDE = 10.0


def _affine(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        matrix,
        resample=Image.Resampling.BICUBIC,
        fillcolor=FILL,
    )


def _enhance(kind: type) -> Callable[[Image.Image, float, int], Image.Image]:
    return lambda image, m, sign: kind(image).enhance(1 + sign * 0.09 * m)


def _solarize_add(image: Image.Image, m: float, sign: int) -> Image.Image:
    added = int(11 * m)
    table = [min(255, value + added) if value < 128 else value for value in range(256)]
    return image.point(table * len(image.getbands()))


def _translate_x(image: Image.Image, m: float, sign: int) -> Image.Image:
    return _affine(image, (1, 0, sign * 0.045 * m * image.width, 0, 1, 0))


def _translate_y(image: Image.Image, m: float, sign: int) -> Image.Image:
    return _affine(image, (1, 0, 0, 0, 1, sign * 0.045 * m * image.height))


# (image, magnitude 0..10, sign 1 or -1) -> image. The order is that of the published list.
OPERATIONS: dict[str, Callable[[Image.Image, float, int], Image.Image]] = {
    'AutoContrast': lambda image, m, sign: ImageOps.autocontrast(image),
    'Equalize': lambda image, m, sign: ImageOps.equalize(image),
    'Invert': lambda image, m, sign: ImageOps.invert(image),
    'Rotate': lambda image, m, sign: image.rotate(
        sign * 3 * m, resample=Image.Resampling.BICUBIC, fillcolor=FILL
    ),
    'PosterizeIncreasing': lambda image, m, sign: ImageOps.posterize(image, 4 - int(0.4 * m))
    if int(0.4 * m) < 4
    else Image.new(image.mode, image.size),
    'SolarizeIncreasing': lambda image, m, sign: ImageOps.solarize(image, 256 - int(25.6 * m)),
    'SolarizeAdd': _solarize_add,
    'ColorIncreasing': _enhance(ImageEnhance.Color),
    'ContrastIncreasing': _enhance(ImageEnhance.Contrast),
    'BrightnessIncreasing': _enhance(ImageEnhance.Brightness),
    'SharpnessIncreasing': _enhance(ImageEnhance.Sharpness),
    'ShearX': lambda image, m, sign: _affine(image, (1, sign * 0.03 * m, 0, 0, 1, 0)),
    'ShearY': lambda image, m, sign: _affine(image, (1, 0, 0, sign * 0.03 * m, 1, 0)),
    'TranslateXRel': _translate_x,
    'TranslateYRel': _translate_y,
}


@TRANSFORMS.register_module()
class RandAugment(BaseTransform):
    """`RandAugment <https://arxiv.org/abs/1909.13719>`_ in timm's "increasing" form.

    Draws operations with replacement; each is applied or not, at a noisy magnitude and with a sign
    from a fair coin where it has one. All draws are from Python's generator (the published ones of
    operations are from numpy's). mmpretrain has the same operations on OpenCV, on BGR.

    Args:
        magnitude: 0 to 10.
        magnitude_std: Standard deviation of the magnitude, which stays in 0 to 10.
        num_ops: Operations drawn.
        prob: Probability with which each is applied.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        *,
        magnitude: float = 9.0,
        magnitude_std: float = 0.5,
        num_ops: int = 2,
        prob: float = 0.5,
    ) -> None:
        if not 0 <= magnitude <= MAX_MAGNITUDE or magnitude_std < 0 or num_ops < 1:
            raise ValueError(
                f'magnitude must be 0 to {MAX_MAGNITUDE:g}, its deviation at least 0 and num_ops '
                f'at least 1, found {magnitude}, {magnitude_std} and {num_ops}'
            )
        if not 0 <= prob <= 1:
            raise ValueError(f'a probability is in [0, 1], found {prob}')
        self.magnitude, self.magnitude_std = magnitude, magnitude_std
        self.num_ops, self.prob = num_ops, prob

    def transform(self, results: dict) -> dict:
        """Change ``img``.

        Raises:
            ValueError: There are aligned maps, which would not be moved along.
        """
        if results.get('aligned'):
            raise ValueError(
                f'RandAugment does not move maps, found {sorted(results["aligned"])}: leave them '
                'out of the pipeline'
            )
        image = Image.fromarray(results['img'])
        for operation in random.choices(list(OPERATIONS.values()), k=self.num_ops):
            if random.random() > self.prob:
                continue
            drawn = random.gauss(self.magnitude, self.magnitude_std)
            magnitude = min(max(drawn, 0.0), MAX_MAGNITUDE)
            image = operation(image, magnitude, -1 if random.random() > 0.5 else 1)
        results['img'] = np.array(image)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(magnitude={self.magnitude}, '
            f'magnitude_std={self.magnitude_std}, num_ops={self.num_ops}, prob={self.prob})'
        )
