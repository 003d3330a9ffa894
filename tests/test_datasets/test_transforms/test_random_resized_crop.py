"""Crops of random size and shape."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.transforms.random_resized_crop import RandomResizedCrop, crop_box
from tests.conftest import photo


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    area=st.tuples(st.floats(0.05, 1.5), st.floats(0, 1)),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_inside_the_image(size, area, seed):
    random.seed(seed)
    top, left, height, width = crop_box(size, (area[0], area[0] + area[1]), (3 / 4, 4 / 3))
    assert height >= 0 and width >= 0 and top >= 0 and left >= 0
    assert top + height <= size[0] and left + width <= size[1]


@pytest.mark.parametrize(
    'size, expected',
    [
        ((40, 40), (0, 0, 40, 40)),
        ((40, 20), (6, 0, 27, 20)),  # 20 / (3/4) high
        ((20, 40), (0, 6, 20, 27)),
    ],
)
def test_where_no_draw_fits(size, expected):
    assert crop_box(size, (9, 9), (3 / 4, 4 / 3)) == expected


def test_size_of_the_result():
    random.seed(0)
    results = RandomResizedCrop((16, 24))(dict(img=photo(50, 40)))
    assert results['img'].shape == (16, 24, 3) and results['img'].dtype == np.uint8
    assert results['img_shape'] == (16, 24)


def test_maps_are_refused():
    results = dict(img=photo(), gt_seg_map=np.zeros((24, 32)), aligned=dict(gt_seg_map=255))
    with pytest.raises(ValueError, match=r"does not crop maps, found \['gt_seg_map'\]"):
        RandomResizedCrop(8)(results)


@pytest.mark.parametrize('options', [dict(area=(0.5, 0.3)), dict(ratio=(0, 1)), dict(area=(1,))])
def test_refused(options):
    with pytest.raises(ValueError, match='two positive numbers each, the lesser first'):
        RandomResizedCrop(8, **options)
