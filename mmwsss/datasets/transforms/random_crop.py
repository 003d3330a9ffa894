"""The crop of mmseg's segmentors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.registry import TRANSFORMS

_TRIES = 10  # mmseg's


@TRANSFORMS.register_module()
class RandomCrop(BaseTransform):
    """Crop at random, where possible so that no class fills nearly all of the crop.

    The crops of ``mmseg.RandomCrop``, from the same random state; classes are counted by bins
    instead of by sorting, which is the better part of mmseg's time. Draws two integers a try from
    numpy's generator: up to ten times another place is tried while the crop has a single class, or
    one with ``cat_max_ratio`` of its labelled pixels. The eleventh is taken as it is.

    Args:
        crop_size: (height, width), or one number for both. Smaller images keep their size.
        cat_max_ratio: Largest part of a crop's labelled pixels for one class, in (0, 1].
            Defaults to 1: the first place is taken.
        ignore_index: Label of pixels that do not count. Defaults to 255.
    """

    def __init__(
        self,
        crop_size: int | Sequence[int],
        cat_max_ratio: float = 1.0,
        ignore_index: int = 255,
    ) -> None:
        size = (crop_size, crop_size) if isinstance(crop_size, int) else tuple(crop_size)
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f'crop_size is (height, width), at least 1, found {crop_size}')
        if not 0 < cat_max_ratio <= 1:
            raise ValueError(f'cat_max_ratio is in (0, 1], found {cat_max_ratio}')
        self.crop_size = size
        self.cat_max_ratio = cat_max_ratio
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        """Crop ``img`` and all maps alike."""
        box = self._place(results['img'].shape[:2])
        if self.cat_max_ratio < 1:
            for _ in range(_TRIES):
                if self._is_varied(results['gt_seg_map'][box]):
                    break
                box = self._place(results['img'].shape[:2])
        for name in dict.fromkeys(
            ('img', *results.get('seg_fields', ()), *results.get('aligned', ()))
        ):
            results[name] = results[name][box]
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _place(self, shape: tuple[int, int]) -> tuple[slice, slice]:
        top, left = (
            np.random.randint(0, max(side - crop, 0) + 1)
            for side, crop in zip(shape, self.crop_size, strict=True)
        )
        return slice(top, top + self.crop_size[0]), slice(left, left + self.crop_size[1])

    def _is_varied(self, labels: np.ndarray) -> bool:
        counts = np.bincount(labels.ravel(), minlength=self.ignore_index + 1)
        counts[self.ignore_index] = 0
        return bool(
            np.count_nonzero(counts) > 1 and counts.max() / counts.sum() < self.cat_max_ratio
        )

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(crop_size={self.crop_size}, '
            f'cat_max_ratio={self.cat_max_ratio}, ignore_index={self.ignore_index})'
        )
