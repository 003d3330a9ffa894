"""Transforms that read photos and masks."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from mmwsss.datasets.decoding import Decoder, choose_decoder
from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.datasets.transforms.geometry import resize_map
from mmwsss.datasets.transforms.pixel_limit import PixelLimit
from mmwsss.registry import TRANSFORMS

__all__ = ['LoadImage', 'LoadMask', 'read_image', 'read_mask']


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Read the photo as RGB uint8, with the rules of :func:`read_image`.

    Adds ``img`` (h, w, 3), its ``img_shape`` (h, w), and ``ori_shape`` (H, W), the photo's size,
    which differs where the data set limits the pixels of photos.

    Args:
        upright: Apply the EXIF orientation. Defaults to None: as the data set says, which is
            pixels as stored unless it is a folder of one's own.
        decoder: 'pillow', 'simplejpeg' (extra ``[jpeg]``, faster, the same pixels) or
            'fastest', which falls back to Pillow where it is missing. Defaults to None: as the
            environment variable ``MMWSSS_DECODER`` says, else Pillow.

    Raises:
        ImportError: simplejpeg is asked for and not installed.
    """

    def __init__(self, *, upright: bool | None = None, decoder: Decoder | None = None) -> None:
        self.upright = upright
        self.decoder = choose_decoder(decoder)
        self._limit = PixelLimit()

    def transform(self, results: dict) -> dict:
        """Read ``img_path``."""
        img_id = results.get('img_id')
        upright = results.get('upright', False) if self.upright is None else self.upright
        image = read_image(results['img_path'], img_id, upright=upright, decoder=self.decoder)
        results['ori_shape'] = image.shape[:2]
        self._limit.max_pixels = results.get('max_pixels')
        results['img'] = image = self._limit(image, img_id)
        results['img_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(upright={self.upright}, decoder={self.decoder!r})'


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Read the ground-truth mask as indices, uint8 (H, W): 0, 1..C and 255.

    Comes after ``LoadImage``. Adds ``gt_seg_map`` of the size of ``img``, which the geometric
    transforms then carry along.

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
        mask = read_mask(
            path,
            num_classes=len(results['gt_label']) + 1,
            size=results['ori_shape'],
            img_id=results.get('img_id'),
        )
        if results.get('max_pixels'):  # LoadImage may have shrunk the photo
            mask = resize_map(mask, results['img_shape'])
        results['gt_seg_map'] = mask
        results.setdefault('aligned', {})['gt_seg_map'] = 255
        results['seg_fields'] = [*results.get('seg_fields', ()), 'gt_seg_map']
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(required={self.required})'
