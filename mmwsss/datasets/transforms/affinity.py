"""Transforms that make pair labels for training affinity networks."""

from __future__ import annotations

import random
from typing import Literal

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.datasets.transforms.geometry import _pair, _resize_all, resize_map
from mmwsss.registry import TRANSFORMS


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
    """Crop to the top left of the photo; pad a smaller photo on the right and at the bottom.

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

    A block is background if background is best by the high alpha's mean scores. Otherwise it gets
    the class that is best by the low alpha's, or 255 if background is best there too. Padding (all
    scores below 1e-5) is 255.

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
