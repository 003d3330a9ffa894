import numpy as np

from mmwsss.ops import photometry
from tests.conftest import photo


def test_neutral_settings_change_nothing():
    image = photo()
    for same in (
        photometry.posterize(image, 8),
        photometry.convolve(image, photometry.sharpening_kernel(0.0, 1.0)),
        photometry.brightness_contrast(image, 1.0, 0.0),
        photometry.shadow(image, []),
    ):
        assert np.abs(same.astype(int) - image).max() <= 6  # to HLS and back rounds
        assert same.dtype == np.uint8


def test_values():
    image = np.array([[[0, 100, 200]]], np.uint8)
    assert photometry.posterize(image, 4)[0, 0].tolist() == [0, 96, 192]
    assert photometry.solarize(image, 128)[0, 0].tolist() == [0, 100, 55]
    assert photometry.brightness_contrast(image, 1.2, 0.1)[0, 0].tolist() == [25, 145, 255]


def test_shadow_darkens_within_the_polygon():
    image = np.full((20, 20, 3), 200, np.uint8)
    dark = photometry.shadow(image, [np.array([[0, 10], [20, 10], [20, 20], [0, 20]])])
    assert (dark[:10] == 200).all() and (dark[11:] < 130).all()
