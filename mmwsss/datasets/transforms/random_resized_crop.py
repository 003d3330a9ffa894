"""Random crops of random size and shape."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmwsss.datasets.transforms.geometry import _pair
from mmwsss.registry import TRANSFORMS


def crop_box(
    size: Sequence[int], area: Sequence[float], ratio: Sequence[float], tries: int = 10
) -> tuple[int, int, int, int]:
    """Draw a crop: top, left, height and width.

    Draws a share of the area, the logarithm of the aspect ratio (width by height) and, once both
    sides fit, a row and a column from Python's generator. If they never do, the largest centred
    crop whose ratio is in the range.

    Args:
        size: (H, W) of the image.
        area: Least and greatest share; it may exceed 1.
        ratio: Least and greatest aspect ratio.
        tries: How often to draw.
    """
    height, width = size
    logarithms = math.log(ratio[0]), math.log(ratio[1])
    for _ in range(tries):
        target = random.uniform(*area) * height * width
        aspect = math.exp(random.uniform(*logarithms))
        w, h = round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, height - h), random.randint(0, width - w), h, w
    h, w = height, width
    if width / height < min(ratio):
        h = round(width / min(ratio))
    elif width / height > max(ratio):
        w = round(height * max(ratio))
    return (height - h) // 2, (width - w) // 2, h, w


@TRANSFORMS.register_module()
class RandomResizedCrop(BaseTransform):
    """Crop at random and resize bicubically with PIL to one size, as timm does.

    Aligned maps are not carried along: the views of a photo are for learning tags.

    Args:
        size: (height, width), or one number for both.
        area: Least and greatest share of the image's area that is cropped. CTI: 0.3 to 1.2, where
            what exceeds the image is drawn again.
        ratio: Least and greatest aspect ratio.

    Raises:
        ValueError: A range is not two ascending positive numbers.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        *,
        area: Sequence[float] = (0.3, 1.2),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
    ) -> None:
        if not (
            len(area) == len(ratio) == 2 and 0 < area[0] <= area[1] and 0 < ratio[0] <= ratio[1]
        ):
            raise ValueError(
                'area and ratio are two positive numbers each, the lesser first, found '
                f'{tuple(area)} and {tuple(ratio)}'
            )
        self.size, self.area, self.ratio = _pair(size), tuple(area), tuple(ratio)

    def transform(self, results: dict) -> dict:
        """Crop and resize ``img``.

        Raises:
            ValueError: There are aligned maps.
        """
        if results.get('aligned'):
            raise ValueError(
                f'RandomResizedCrop does not crop maps, found {sorted(results["aligned"])}: leave '
                'them out of the pipeline, or take RandomCropPad'
            )
        top, left, height, width = crop_box(results['img'].shape[:2], self.area, self.ratio)
        image = Image.fromarray(results['img'][top : top + height, left : left + width])
        results['img'] = np.array(image.resize(self.size[::-1], Image.Resampling.BICUBIC))
        results['img_shape'] = self.size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, area={self.area}, ratio={self.ratio})'
