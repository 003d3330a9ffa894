"""Normalisation and batching of tagged samples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.registry import MODELS

_IMAGENET = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@MODELS.register_module()
class WSSSDataPreprocessor(BaseDataPreprocessor):
    """Normalise RGB images and stack them; one batch, or one per scale.

    mmseg's preprocessor wants equal sizes at test time, and pads the ground-truth map alone. This
    one takes several scales, pads every map, and sets the padding that ``RandomCropPad`` left
    (outside ``valid_box``) to 0 after normalisation, as the published methods do.

    Args:
        mean: Means of R, G, B in 0-255. Defaults to ImageNet's.
        std: Standard deviations of R, G, B in 0-255. Defaults to ImageNet's.
        pad: Whether images of different sizes are padded with 0 to a common size, on the right
            and below. Padding takes part in what a network computes; by default (False) such a
            batch is refused in training and stays a list of images at test time.
        size_divisor: Sides are padded to a multiple of it. Defaults to 1.
        seg_pad_val: Padding of ``gt_sem_seg``. Other maps are padded with 0.

    Shape:
        - inputs: N uint8 images (3, H, W), or for each of S scales N of them.
        - returned inputs: float32 (N, 3, H, W), or N of (3, H, W) if sizes differ at test time; or
          for each of S scales one of these.
    """

    def __init__(
        self,
        *,
        mean: Sequence[float] = _IMAGENET[0],
        std: Sequence[float] = _IMAGENET[1],
        pad: bool = False,
        size_divisor: int = 1,
        seg_pad_val: int = 255,
    ) -> None:
        super().__init__()
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0 or size_divisor < 1:
            raise ValueError(
                'three means, three positive deviations and size_divisor >= 1 are expected, '
                f'found {mean}, {std} and {size_divisor}'
            )
        self.pad, self.size_divisor, self.seg_pad_val = pad, size_divisor, seg_pad_val
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(3, 1, 1), False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(3, 1, 1), False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Batch a list of samples as ``pseudo_collate`` leaves it.

        Args:
            data: ``inputs`` and ``data_samples``.
            training: Whether different sizes are an error.

        Returns:
            ``inputs`` and ``data_samples``.
        """
        data = self.cast_data(data)
        inputs, samples = data['inputs'], data.get('data_samples')
        if isinstance(inputs[0], (list, tuple)):
            scales = [self._stack(images, samples, training) for images in inputs]
            return {'inputs': scales, 'data_samples': samples}
        batch = self._stack(inputs, samples, training)
        for image, given, sample in zip(batch, inputs, samples or (), strict=bool(samples)):
            _blank_outside(image, sample)
            self._pad_maps(sample, tuple(given.shape[-2:]), tuple(image.shape[-2:]))
        return {'inputs': batch, 'data_samples': samples}

    def _stack(
        self,
        images: Sequence[torch.Tensor],
        samples: Sequence[SegDataSample] | None,
        training: bool,
    ) -> torch.Tensor | list[torch.Tensor]:
        shapes = [tuple(x.shape[-2:]) for x in images]
        if not self.pad and len(set(shapes)) > 1:
            if not training:
                return [self._stack([image], None, training)[0] for image in images]
            ids = [s.metainfo.get('img_id') for s in samples or ()]
            raise ValueError(
                f'images of one size are expected in a training batch, found {shapes} for {ids}. '
                'Crop them (RandomCropPad), or set pad=True in the data preprocessor'
            )
        unit = self.size_divisor
        height, width = (-(-max(side) // unit) * unit for side in zip(*shapes, strict=True))
        if {(height, width)} == set(shapes):
            return (torch.stack(list(images)).float() - self.mean) / self.std
        batch = images[0].new_zeros((len(images), 3, height, width), dtype=torch.float32)
        for target, image in zip(batch, images, strict=True):
            h, w = image.shape[-2:]
            target[:, :h, :w] = (image.float() - self.mean) / self.std
        return batch

    def _pad_maps(
        self, sample: SegDataSample, given: tuple[int, int], size: tuple[int, int]
    ) -> None:
        # A map of another size than the image is that of the photo before it was resized.
        maps = [(k, v) for k, v in sample.items() if isinstance(v, PixelData) and v.shape == given]
        border = (0, size[1] - given[1], 0, size[0] - given[0])
        for name, field in maps if given != size else ():
            fill = self.seg_pad_val if name == 'gt_sem_seg' else 0
            setattr(sample, name, PixelData(data=F.pad(field.data, border, value=fill)))


def _blank_outside(image: torch.Tensor, sample: SegDataSample) -> None:
    box = sample.metainfo.get('valid_box')
    if box is None:
        return
    top, left, bottom, right = box
    image[:, :top] = image[:, bottom:] = 0
    image[..., :left] = image[..., right:] = 0
