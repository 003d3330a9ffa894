import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from mmwsss.datasets.transforms import LoadImage, MultiScale, pixel_limit
from mmwsss.datasets.transforms.pixel_limit import PixelLimit, limited_size
from tests.conftest import photo


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 10**7))
def test_the_size_is_within_the_limit_and_keeps_its_shape(height, width, limit):
    size = limited_size((height, width), limit)
    assert 1 <= size[0] * size[1] <= limit or size == (1, 1)
    if height * width <= limit:
        assert size == (height, width)
    elif min(size) > 1:  # rounded down by less than a pixel
        factor = (limit / (height * width)) ** 0.5
        assert height * factor - 1 < size[0] <= height * factor + 1e-6
        assert width * factor - 1 < size[1] <= width * factor + 1e-6


def test_small_photos_stay(results):
    image = photo()
    assert PixelLimit(image.shape[0] * image.shape[1])(image) is image
    assert PixelLimit()(image) is image


def test_scales_are_of_the_limited_photo():
    results = MultiScale((0.5, 2.0), max_pixels=12 * 16)({'img': photo(24, 32), 'img_id': 'a'})
    assert [x.shape for x in results['imgs']] == [(6, 8, 3), (24, 32, 3)]
    assert results['img'].shape == (24, 32, 3)


@pytest.mark.parametrize('limit', [0, -1, True])
def test_bad_limits(limit):
    with pytest.raises(ValueError, match='max_pixels is at least 1 or None, found'):
        MultiScale(max_pixels=limit)


def test_the_data_set_limits_what_is_read(results):
    loaded = LoadImage()({**results, 'max_pixels': 12 * 16})
    assert loaded['img'].shape == (12, 16, 3)
    assert loaded['img_shape'] == (12, 16)
    assert loaded['ori_shape'] == (24, 32)


class _Photos:
    def __init__(self):
        self.limit = PixelLimit(10)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        self.limit(photo(), f'photo {index}')
        return 0


@pytest.mark.parametrize('workers', [0, 2])
def test_it_is_said_once(tmp_path, workers, monkeypatch):
    path = tmp_path / 'log'
    path.touch()

    def say(message, _):
        with path.open('a') as file:  # workers are processes of their own
            file.write(message)

    monkeypatch.setattr(pixel_limit, 'print_log', say)
    list(DataLoader(_Photos(), num_workers=workers))
    text = path.read_text()
    assert text.count('max_pixels') == 1
    assert 'has 32x24 pixels and is looked at with 3x2' in text


def test_masks_are_read_at_the_size_of_the_photo(results):
    from mmwsss.datasets.transforms import LoadMask

    loaded = LoadMask()(LoadImage()({**results, 'max_pixels': 12 * 16}))
    assert loaded['gt_seg_map'].shape == (12, 16)
    assert np.unique(loaded['gt_seg_map']).tolist() == [2]
