import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from PIL import Image

from mmwsss.datasets import TaggedDataset
from mmwsss.datasets.transforms import PackTagged
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import Seeds
from tests.conftest import photo


def test_pack():
    seeds = Seeds(np.array([1]), np.zeros((1, 2, 2)))
    results = {
        'img': photo()[:, ::-1],
        'img_id': 'a',
        'img_shape': (24, 32),
        'valid_box': (0, 0, 5, 5),
        'gt_label': np.float32([1, 0]),
        'gt_seg_map': np.full((24, 32), 255, np.uint8),
        'segments': np.full((24, 32), 300, np.int32),
        'aligned': {'gt_seg_map': 255, 'segments': 0},
        'seeds': seeds,
        'extra': 3,
    }
    packed = PackTagged(meta_keys=('extra',))(results)
    sample = packed['data_samples']
    assert packed['inputs'].dtype == torch.uint8 and packed['inputs'].shape == (3, 24, 32)
    assert packed['inputs'].is_contiguous()
    assert sample.img_id == 'a' and sample.extra == 3 and sample.valid_box == (0, 0, 5, 5)
    assert sample.gt_label.tolist() == [1, 0] and sample.gt_label.dtype == torch.float32
    assert sample.gt_sem_seg.data.shape == (1, 24, 32) and sample.gt_sem_seg.data.max() == 255
    assert sample.segments.data.dtype == torch.int64 and sample.segments.data.min() == 300
    assert sample.to('cpu').seeds is seeds and 'proposals' not in sample


def test_several_scales():
    packed = PackTagged()({'img': photo(), 'imgs': [photo(12, 16), photo()]})
    assert [tuple(x.shape) for x in packed['inputs']] == [(3, 12, 16), (3, 24, 32)]


TRAIN = [
    {'type': 'LoadImage'},
    {'type': 'RandomResizeLong', 'low': 20, 'high': 40},
    {'type': 'RandomFlip'},
    {'type': 'ColorJitter', 'brightness': 0.4, 'hue': 0.1, 'prob': 0.8, 'gray_prob': 0.02},
    {'type': 'RandomCropPad', 'size': 24},
    {'type': 'PackTagged'},
]
TEST = [
    {'type': 'LoadImage'},
    {'type': 'LoadMask'},
    {'type': 'MultiScale', 'scales': (0.5, 1.0, 2.0)},
    {'type': 'PackTagged'},
]


@pytest.mark.parametrize('pipeline', [TRAIN, TEST])
def test_a_pixel_goes_through_the_pipelines(tmp_path, pipeline):
    for folder, array in (('JPEGImages', photo(1, 1)), ('masks', np.ones((1, 1), np.uint8))):
        (tmp_path / folder).mkdir()
        name = 'a.jpg' if folder == 'JPEGImages' else 'a.png'
        Image.fromarray(array).save(tmp_path / folder / name)
    dataset = TaggedDataset(
        data_root=str(tmp_path),
        data_prefix={'img_path': 'JPEGImages', 'seg_map_path': 'masks'},
        tags={'source': 'masks', 'path': 'masks'},
        metainfo={'classes': ('background', 'cat')},
        pipeline=pipeline,
    )
    data = WSSSDataPreprocessor()(pseudo_collate([dataset[0], dataset[0]]))
    shapes = [tuple(x.shape) for x in data['inputs']]
    if pipeline is TRAIN:
        assert data['inputs'].shape == (2, 3, 24, 24)
    else:
        assert shapes == [(2, 3, 1, 1), (2, 3, 1, 1), (2, 3, 2, 2)]
    assert all(repr(TRANSFORMS.build(t)).startswith(t['type']) for t in pipeline)
