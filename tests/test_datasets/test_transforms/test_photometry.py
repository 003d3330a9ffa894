import numpy as np
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
