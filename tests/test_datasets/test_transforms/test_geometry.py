import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.transforms import (
    MultiScale,
    RandomCropPad,
    RandomFlip,
    RandomResizeLong,
    Resize,
)
from mmwsss.datasets.transforms.geometry import resize_map
from tests.conftest import photo

sides = st.integers(1, 40)


def sample(height, width, dtype=np.int32):
    """A photo and a map of pixel numbers."""
    image = photo(height, width)
    index = np.arange(height * width, dtype=dtype).reshape(height, width)
    shape = (height, width)
    return {
        'img': image,
        'index': index,
        'aligned': {'index': -1},
        'img_shape': shape,
        'ori_shape': shape,
    }


@settings(max_examples=25, deadline=None)
@given(sides, sides, st.integers(1, 50), st.integers(0, 10))
def test_resize_long(height, width, low, extra):
    results = RandomResizeLong(low, low + extra)(sample(height, width))
    shape = results['img'].shape[:2]
    assert low <= max(shape) <= low + extra and min(shape) >= 1
    assert results['img_shape'] == shape == results['index'].shape
    assert results['ori_shape'] == (height, width)
    assert set(results['index'].ravel()) <= set(range(height * width))


def test_the_longer_side_is_drawn_and_rounding_is_half_to_even():
    random.seed(0)
    length = random.randint(10, 20)
    random.seed(0)
    size = RandomResizeLong(10, 20)(sample(30, 20))['img_shape']
    assert size == (length, round(20 * length / 30))
    assert RandomResizeLong(10, 10)(sample(9, 36))['img_shape'] == (2, 10)  # 2.5


@settings(max_examples=25, deadline=None)
@given(sides, sides, sides, sides, st.integers(0, 1000))
def test_crop_pad(height, width, rows, columns, seed):
    random.seed(seed)
    results = RandomCropPad((rows, columns))(sample(height, width))
    assert results['img'].shape == (rows, columns, 3)
    assert results['index'].shape == results['img_shape'] == (rows, columns)
    top, left, bottom, right = results['valid_box']
    assert (bottom - top, right - left) == (min(rows, height), min(columns, width))
    inside = np.zeros((rows, columns), bool)
    inside[top:bottom, left:right] = True
    np.testing.assert_array_equal(results['index'] >= 0, inside)
    assert (results['img'][~inside] == 0).all()
    origin = photo(height, width).reshape(-1, 3)
    np.testing.assert_array_equal(results['img'][inside], origin[results['index'][inside]])


def test_crop_draws_horizontally_first():
    random.seed(5)
    left, top = random.randrange(11), random.randrange(5)
    random.seed(5)
    results = RandomCropPad((6, 10))(sample(10, 20))
    assert results['index'][0, 0] == top * 20 + left


def test_fill_is_a_pixel_value_and_leaves_no_box():
    results = RandomCropPad(8, fill=7)(sample(1, 1))
    assert (results['img'] == 7).all(axis=-1).sum() == 63 and 'valid_box' not in results


@pytest.mark.parametrize('prob', [0.0, 1.0])
def test_flip(prob):
    results = RandomFlip(prob)(sample(3, 4))
    step = -1 if prob else 1
    np.testing.assert_array_equal(results['img'], photo(3, 4)[:, ::step])
    np.testing.assert_array_equal(results['index'][0], np.arange(4)[::step])
    assert results['flip'] is bool(prob)


def test_flip_mirrors_the_place_of_the_picture():
    image = np.zeros((6, 9, 3), np.uint8)
    image[1:4, 2:5] = 255
    results = RandomFlip(1)(dict(img=image, valid_box=(1, 2, 4, 5), picture_box=(1, 2, 4, 5)))
    top, left, bottom, right = results['valid_box']
    assert results['picture_box'] == results['valid_box'] == (1, 4, 4, 7)
    assert results['img'][top:bottom, left:right].all() and results['img'].sum() == 27 * 255


def test_flip_draws_from_torch():
    torch.manual_seed(0)
    expected = [bool(torch.rand(1) < 0.5) for _ in range(8)]
    torch.manual_seed(0)
    assert [RandomFlip()(sample(2, 2))['flip'] for _ in range(8)] == expected


def test_multi_scale():
    results = MultiScale((0.5, 1.0, 2.0))(sample(25, 67))
    assert [x.shape[:2] for x in results['imgs']] == [(12, 34), (25, 67), (50, 134)]
    np.testing.assert_array_equal(results['imgs'][1], results['img'])
    assert [x.shape[:2] for x in MultiScale((0.5, 2))(sample(1, 1))['imgs']] == [(1, 1), (2, 2)]


def test_resize():
    results = Resize((5, 7))(sample(9, 4))
    assert results['img'].shape == (5, 7, 3) and results['index'].shape == (5, 7)
    assert Resize(6)(sample(1, 1))['img_shape'] == (6, 6)


@pytest.mark.parametrize('dtype', [np.uint8, np.int16, np.int64])
def test_maps_keep_their_type(dtype):
    values = np.array([[0, 100]], dtype)
    found = resize_map(values, (2, 4))
    assert found.dtype == dtype and found[1].tolist() == [0, 0, 100, 100]


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: RandomResizeLong(5, 4), 'low <= high'),
        (lambda: RandomFlip(2), r'probability is in \[0, 1\]'),
        (lambda: RandomCropPad(0), 'size is at least 1'),
        (lambda: RandomCropPad(4, fill=300), 'pixel value'),
        (lambda: MultiScale(()), 'positive factors'),
        (lambda: MultiScale((0, 1)), 'positive factors'),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()
