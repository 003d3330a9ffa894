"""Transforms that make labels of pairs, to train affinity networks with."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.transforms.geometry import _pair, _resize_all, resize_map
from mmwsss.datasets.transforms.loading import LoadSeeds
from mmwsss.registry import TRANSFORMS
from mmwsss.stores import StoreMismatch, open_store


@TRANSFORMS.register_module()
class LoadPseudoMask(BaseTransform):
    """Read the photo's entry of a mask store into ``pseudo_mask``, carried along by transforms.

    Comes after ``LoadImage``.

    Args:
        store: Folder of a mask store, e.g. of a stage with the refiner ``IRLabels``.
    """

    def __init__(self, store: str | Path) -> None:
        self.store = open_store(store, 'masks')

    def transform(self, results: dict) -> dict:
        """Read the entry of ``img_id``, made for the same classes and size."""
        img_id, classes = results['img_id'], len(results['gt_label'])
        if len(self.store.meta.classes) != classes:
            raise StoreMismatch(
                f'{self.store.folder}: made for {len(self.store.meta.classes)} classes, but the '
                f'data set has {classes}. Use the store of this data set'
            )
        mask = self.store[img_id]
        if mask.shape != tuple(results['ori_shape']):
            raise ImageError(
                f'{self.store.path(img_id)}: made for a photo of {mask.shape[0]}x{mask.shape[1]} '
                f'pixels, but {results["img_path"]} has {results["ori_shape"][0]}x'
                f'{results["ori_shape"][1]} (height x width)',
                img_id,
                results['img_path'],
            )
        results['pseudo_mask'] = mask
        results.setdefault('aligned', {})['pseudo_mask'] = 255
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(store={str(self.store.folder)!r})'


@TRANSFORMS.register_module()
class LoadCRFScores(BaseTransform):
    """Read two sets of scores after the CRF: AffinityNet's material.

    Adds ``low_alpha`` and ``high_alpha``, float32 (H, W, K + 1) with the background first, which
    crops and flips carry along (resizing does not apply to scores). Comes after ``LoadImage``.

    Args:
        low_alpha: Folder of a score store from ``CRF`` with a low alpha: much background, so what
            is foreground is surely so.
        high_alpha: Folder of one with a high alpha: what is background is surely so.
    """

    def __init__(self, low_alpha: str | Path, high_alpha: str | Path) -> None:
        self.loaders = {'low_alpha': LoadSeeds(low_alpha), 'high_alpha': LoadSeeds(high_alpha)}

    def transform(self, results: dict) -> dict:
        """Read both entries of ``img_id``, at the size of the photo."""
        img_id, classes = results['img_id'], []
        for name, loader in self.loaders.items():
            seeds = loader(dict(results))['seeds'].resize()
            if seeds.background is None:
                raise ImageError(
                    f'{loader.store.path(img_id)}: has no background map. AffinityNet learns from '
                    "scores of a stage with dict(type='CRF', alpha=...)",
                    img_id,
                )
            classes.append(seeds.classes.tolist())
            scores = np.concatenate([seeds.background[None], seeds.scores])
            results[name] = np.ascontiguousarray(scores.transpose(1, 2, 0))
            results.setdefault('aligned', {})[name] = 0
        if classes[0] != classes[1]:
            raise ImageError(
                f'{img_id}: {self.loaders["low_alpha"].store.folder} has the classes {classes[0]}, '
                f'{self.loaders["high_alpha"].store.folder} {classes[1]}. Make both from one store',
                img_id,
            )
        return results

    def __repr__(self) -> str:
        folders = {name: str(loader.store.folder) for name, loader in self.loaders.items()}
        return f'{type(self).__name__}({folders})'


@TRANSFORMS.register_module()
class RandomScale(BaseTransform):
    """Resize by a random factor; a side becomes ``round(side * factor)``.

    Draws one number from Python's generator.

    Args:
        low: Least factor.
        high: Greatest factor.
        cut: Cut sides to whole numbers instead of rounding them (ToCo, WeCLIP).
        interpolation: Of the image: 'bicubic' or 'bilinear'.
    """

    def __init__(
        self,
        low: float = 0.5,
        high: float = 1.5,
        *,
        cut: bool = False,
        interpolation: Literal['bicubic', 'bilinear'] = 'bicubic',
    ) -> None:
        if not 0 < low <= high:
            raise ValueError(f'0 < low <= high is expected, found {low} and {high}')
        if interpolation not in ('bicubic', 'bilinear'):
            raise ValueError(
                f"interpolation must be 'bicubic' or 'bilinear', found {interpolation!r}"
            )
        self.low, self.high, self.cut, self.interpolation = low, high, cut, interpolation

    def transform(self, results: dict) -> dict:
        """Resize ``img`` and the aligned maps."""
        factor = self.low + random.random() * (self.high - self.low)
        height, width = results['img'].shape[:2]
        whole = int if self.cut else round
        size = (max(1, whole(height * factor)), max(1, whole(width * factor)))
        return _resize_all(results, size, self.interpolation)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(low={self.low}, high={self.high}, cut={self.cut}, '
            f'interpolation={self.interpolation!r})'
        )


@TRANSFORMS.register_module()
class TopLeftCropPad(BaseTransform):
    """Keep the top left of the photo, padded on the right and below where it is smaller.

    Args:
        size: (height, width), or one number for both.
    """

    def __init__(self, size: int | tuple[int, int]) -> None:
        self.size = _pair(size)

    def transform(self, results: dict) -> dict:
        """Crop ``img`` and the aligned maps; padding is the mean colour (``valid_box``)."""
        height, width = (min(*s) for s in zip(results['img'].shape[:2], self.size, strict=True))
        for name, fill in {'img': 0, **results.get('aligned', {})}.items():
            values = results[name]
            canvas = np.full((*self.size, *values.shape[2:]), fill, dtype=values.dtype)
            canvas[:height, :width] = values[:height, :width]
            results[name] = canvas
        results['img_shape'] = self.size
        results['valid_box'] = (0, 0, height, width)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class MaskPairLabels(BaseTransform):
    """Turn ``pseudo_mask`` into ``pair_label``: IRN's labels at the stride of the network.

    Args:
        stride: Sides are divided by it and rounded; by PIL's nearest-neighbour rule.
    """

    def __init__(self, stride: int = 4) -> None:
        self.stride = stride

    def transform(self, results: dict) -> dict:
        """Shrink the mask."""
        mask = _take(results, 'pseudo_mask', 'LoadPseudoMask')
        height, width = (round(side / self.stride) for side in mask.shape)
        results['pair_label'] = resize_map(mask, (height, width))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(stride={self.stride})'


@TRANSFORMS.register_module()
class CRFPairLabels(BaseTransform):
    """Turn two sets of scores into ``pair_label``: see :func:`block_labels`.

    Args:
        stride: Of the network.
    """

    def __init__(self, stride: int = 8) -> None:
        self.stride = stride

    def transform(self, results: dict) -> dict:
        """Label blocks."""
        low, high = (_take(results, name, 'LoadCRFScores') for name in ('low_alpha', 'high_alpha'))
        results['pair_label'] = block_labels(low, high, self.stride)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(stride={self.stride})'


def block_labels(low_alpha: np.ndarray, high_alpha: np.ndarray, stride: int) -> np.ndarray:
    """AffinityNet's labels of blocks where two CRFs agree.

    A block gets its best class by the low alpha's mean scores, background where that of the high
    alpha is best, and 255 where neither is so or all scores are below 1e-5 (padding).

    Args:
        low_alpha: Scores, the background first. Shape: (H, W, K + 1).
        high_alpha: Likewise.
        stride: Side of the blocks; divides H and W.

    Returns:
        Positions among the scores (0 background), not class ids: only their being equal counts.
        Shape: (H / stride, W / stride), uint8.
    """
    height, width, number = low_alpha.shape
    if height % stride or width % stride:
        raise ValueError(
            f'the stride {stride} does not divide the crop {(height, width)}: take another size'
        )
    blocks = (height // stride, stride, width // stride, stride, number)
    low, high = (scores.reshape(blocks).mean((1, 3)) for scores in (low_alpha, high_alpha))
    label = low.argmax(-1).astype(np.uint8)
    label[label == 0] = 255
    label[high.argmax(-1) == 0] = 0
    label[np.maximum(low, high).max(-1) < 1e-5] = 255
    return label


def _take(results: dict, name: str, loader: str) -> np.ndarray:
    if name not in results:
        raise ValueError(f"no {name} to make labels of: put dict(type='{loader}', ...) before")
    results['aligned'].pop(name)
    return results.pop(name)
