import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as tv

from mmwsss.datasets.transforms import ColorJitter
from tests.conftest import photo


def test_is_torchvisions():
    torch.manual_seed(3)
    expected = tv.RandomApply([tv.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8)(Image.fromarray(photo()))
    torch.manual_seed(3)
    jitter = ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, prob=0.8)
    np.testing.assert_array_equal(jitter({'img': photo()})['img'], np.array(expected))


def test_gray():
    image = ColorJitter(gray_prob=1.0)({'img': photo()})['img']
    assert image.shape == (24, 32, 3) and (image == image[..., :1]).all()


def test_one_pixel_and_no_jitter():
    np.testing.assert_array_equal(ColorJitter(prob=0.0)({'img': photo()})['img'], photo())
    assert ColorJitter(hue=0.5, contrast=1)({'img': photo(1, 1)})['img'].shape == (1, 1, 3)


@pytest.mark.parametrize('seed', range(8))
def test_opencv_draws_the_same_and_looks_the_same(seed):
    options = dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, prob=0.8, gray_prob=0.2)
    image = photo(96, 128, seed)
    found, left = [], []
    for backend in ('pillow', 'opencv'):
        torch.manual_seed(seed)
        found.append(ColorJitter(**options, backend=backend)({'img': image})['img'].astype(int))
        left.append(torch.rand(1))
    assert left[0] == left[1]  # the generator stands where it would
    off = np.abs(found[0] - found[1])
    assert off.mean() < 1.5 and np.percentile(off, 99) <= 8


@pytest.mark.parametrize('name', ['brightness', 'contrast', 'saturation', 'hue'])
def test_opencv_step_by_step(name):
    jitters = [ColorJitter(**{name: 0.4}, backend=b) for b in ('pillow', 'opencv')]
    for seed in range(5):
        found = []
        for one in jitters:
            torch.manual_seed(seed)
            found.append(one({'img': photo(64, 80, seed)})['img'].astype(int))
        off = np.abs(found[0] - found[1])
        assert off.max() <= {'brightness': 0, 'contrast': 0, 'saturation': 1, 'hue': 20}[name]
        assert (found[0] != photo(64, 80, seed)).any()


def test_opencv_gray_one_pixel_no_jitter_and_unknown_backends():
    image = ColorJitter(gray_prob=1.0, backend='opencv')({'img': photo()})['img']
    assert image.shape == (24, 32, 3) and (image == image[..., :1]).all()
    same = ColorJitter(prob=0.0, hue=0.5, backend='opencv')({'img': photo()})['img']
    np.testing.assert_array_equal(same, photo())
    strong = ColorJitter(hue=0.5, contrast=1, backend='opencv')
    assert strong({'img': photo(1, 1)})['img'].shape == (1, 1, 3)
    with pytest.raises(ValueError, match="'pillow' or 'opencv', found 'cv2'"):
        ColorJitter(backend='cv2')
