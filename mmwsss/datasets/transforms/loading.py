"""Transforms that read photos, masks and stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.registry import TRANSFORMS
from mmwsss.stores import StoreMismatch, open_store

__all__ = ['LoadImage', 'LoadMask', 'LoadProposals', 'LoadSeeds', 'read_image', 'read_mask']


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


class _LoadFromStore(BaseTransform):
    """Read the photo's entry of a store.

    Args:
        store: Folder of the store.
    """

    kind: str
    key: str

    def __init__(self, store: str | Path) -> None:
        self.store = open_store(store, self.kind)

    def transform(self, results: dict) -> dict:
        """Read the entry of ``img_id``, made for the same classes and size."""
        img_id, classes = results['img_id'], len(results['gt_label'])
        if self.kind != 'proposals' and len(self.store.meta.classes) != classes:
            raise StoreMismatch(
                f'{self.store.folder}: made for {len(self.store.meta.classes)} classes, but the '
                f'data set has {classes}. Use the store of this data set'
            )
        value = self.store[img_id]
        if 'ori_shape' in results and tuple(value.size) != tuple(results['ori_shape']):
            raise ImageError(
                f'{self.store.path(img_id)}: made for a photo of {value.size[0]}x{value.size[1]} '
                f'pixels, but {results["img_path"]} has {results["ori_shape"][0]}x'
                f'{results["ori_shape"][1]} (height x width)',
                img_id,
                results['img_path'],
            )
        results[self.key] = value
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(store={str(self.store.folder)!r})'


@TRANSFORMS.register_module()
class LoadSeeds(_LoadFromStore):
    """Read the photo's class scores into ``seeds``.

    A store that says it was made with the image-level labels must hold a map of each tag.

    Args:
        store: Folder of a score store.
    """

    kind = 'scores'
    key = 'seeds'

    def transform(self, results: dict) -> dict:
        """Read the entry of ``img_id``, made for the same classes, size and tags."""
        results = super().transform(results)
        if self.store.meta.protocol.get('seeds_of') == 'image-level labels':
            found, img_id = results['seeds'].classes.tolist(), results['img_id']
            missing = np.setdiff1d(np.flatnonzero(results['gt_label']), found)
            if len(missing):
                names = [self.store.meta.classes[k] for k in missing]
                raise ImageError(
                    f'{self.store.path(img_id)}: {img_id} is tagged {", ".join(names)}, of which '
                    f'the store has no map (it has class ids {found}). Its tags have changed: make '
                    'the store anew',
                    img_id,
                    results['img_path'],
                )
        return results


@TRANSFORMS.register_module()
class LoadProposals(_LoadFromStore):
    """Read the photo's region proposals into ``proposals``.

    Args:
        store: Folder of a proposal store.
    """

    kind = 'proposals'
    key = 'proposals'
