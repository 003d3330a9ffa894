"""Pack samples for the model."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.registry import TRANSFORMS

META_KEYS = (
    'img_id',
    'img_path',
    'seg_map_path',
    'ori_shape',
    'img_shape',
    'valid_box',
    'picture_box',
    'flip',
    'flip_direction',
    'sample_idx',
)
# Python objects that are passed on unchanged.
OBJECTS = ('seeds', 'evidence', 'proposals', 'prompts')


@TRANSFORMS.register_module()
class PackTagged(BaseTransform):
    """Pack a sample into ``inputs`` and a ``SegDataSample``.

    ``inputs`` is the RGB image, uint8 (3, H, W), or a list of them where ``MultiScale`` made
    several. The sample holds ``gt_label`` float32 (C,), ``gt_sem_seg`` where a mask was read, every
    further aligned map as ``PixelData`` of its name (int64, (1, H, W)), and ``seeds``,
    ``evidence``, ``proposals`` and ``prompts`` where there are.

    Args:
        meta_keys: Further keys of the results to keep as meta information.
    """

    def __init__(self, meta_keys: tuple[str, ...] = ()) -> None:
        self.meta_keys = tuple(dict.fromkeys((*META_KEYS, *meta_keys)))

    def transform(self, results: dict) -> dict:
        """Results with ``img`` or ``imgs`` to inputs and a data sample."""
        sample = SegDataSample(metainfo={k: results[k] for k in self.meta_keys if k in results})
        if 'gt_label' in results:
            sample.gt_label = torch.as_tensor(results['gt_label'], dtype=torch.float32)
        for name in results.get('aligned', ()):
            data = torch.from_numpy(results[name].astype(np.int64))[None]
            setattr(sample, 'gt_sem_seg' if name == 'gt_seg_map' else name, PixelData(data=data))
        for name in OBJECTS:
            if name in results:
                sample.set_field(results[name], name)
        images = results.get('imgs')
        inputs = [_tensor(x) for x in images] if images else _tensor(results['img'])
        return {'inputs': inputs, 'data_samples': sample}

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


def _tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
