"""Transforms that read photos and masks."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.registry import TRANSFORMS

__all__ = ['LoadImage', 'LoadMask', 'read_image', 'read_mask']


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Read the photo as RGB uint8, with the rules of :func:`read_image`.

    Adds ``img`` (H, W, 3), ``ori_shape`` and ``img_shape`` (H, W).

    Args:
        upright: Apply the EXIF orientation. Defaults to False: pixels as stored, which masks and
            stores refer to.
    """

    def __init__(self, *, upright: bool = False) -> None:
        self.upright = upright

    def transform(self, results: dict) -> dict:
        """Read ``img_path``."""
        image = read_image(results['img_path'], results.get('img_id'), upright=self.upright)
        results['img'] = image
        results['ori_shape'] = results['img_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(upright={self.upright})'


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Read the ground-truth mask as indices, uint8 (H, W): 0, 1..C and 255.

    Comes after ``LoadImage``. Adds ``gt_seg_map``, which the geometric transforms then carry along.

    Args:
        required: Whether a photo without a mask is an error. Defaults to True.
    """

    def __init__(self, *, required: bool = True) -> None:
        self.required = required

    def transform(self, results: dict) -> dict:
        """Read ``seg_map_path``."""
        path = results.get('seg_map_path')
        if path is None:
            if self.required:
                img_id = results.get('img_id')
                raise ImageError(
                    f'image {img_id!r} has no mask. Take another list, or LoadMask(required=False)',
                    img_id,
                )
            return results
        results['gt_seg_map'] = read_mask(
            path,
            num_classes=len(results['gt_label']) + 1,
            size=results['ori_shape'],
            img_id=results.get('img_id'),
        )
        results.setdefault('aligned', {})['gt_seg_map'] = 255
        results['seg_fields'] = [*results.get('seg_fields', ()), 'gt_seg_map']
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(required={self.required})'
