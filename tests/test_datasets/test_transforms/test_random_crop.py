import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmseg.datasets.transforms import RandomCrop as OfMMSeg

from mmwsss.datasets.transforms import RandomCrop


def sample(seed, height, width, classes, dtype=np.uint8):
    """Patches of classes, of which some are ignored, and the number of each pixel."""
    rng = np.random.default_rng(seed)
    patches = rng.choice([*range(classes), 255], (height // 6 + 1, width // 6 + 1))
    mask = patches.repeat(6, 0).repeat(6, 1)[:height, :width].astype(dtype)
    index = np.arange(height * width).reshape(height, width)
    return {'img': index[..., None] + np.zeros(3, int), 'gt_seg_map': mask, 'index': index}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    crop=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    classes=st.integers(1, 4),
    ratio=st.sampled_from([1.0, 0.75, 0.5]),
    dtype=st.sampled_from([np.uint8, np.int64]),
)
def test_crops_are_those_of_mmseg(seed, height, width, crop, classes, ratio, dtype):
    found = []
    for kind in (OfMMSeg, RandomCrop):
        np.random.seed(seed)
        results = sample(seed, height, width, classes, dtype)
        found.append(kind(crop, cat_max_ratio=ratio)({**results, 'seg_fields': ['gt_seg_map']}))
        found[-1]['next'] = np.random.randint(2**31)
    for name in ('img', 'gt_seg_map', 'next'):
        np.testing.assert_array_equal(found[1][name], found[0][name])
    assert found[1]['img_shape'] == found[0]['img_shape'] == found[0]['img'].shape[:2]


def test_aligned_maps_follow_without_being_cut_twice():
    results = sample(0, 30, 20, 3)
    results |= {'seg_fields': ['gt_seg_map'], 'aligned': {'gt_seg_map': 255, 'index': -1}}
    results = RandomCrop(8)(results)
    np.testing.assert_array_equal(results['img'][..., 0], results['index'])
    assert results['gt_seg_map'].shape == results['img_shape'] == (8, 8)


@pytest.mark.parametrize('size, ratio', [(0, 1.0), ((3, 0), 1.0), ((1, 2, 3), 1.0), (3, 0), (3, 2)])
def test_arguments_out_of_range(size, ratio):
    with pytest.raises(ValueError, match='crop_size|cat_max_ratio'):
        RandomCrop(size, ratio)


def test_repr():
    assert repr(RandomCrop(3)) == (
        'RandomCrop(crop_size=(3, 3), cat_max_ratio=1.0, ignore_index=255)'
    )
