"""Augmentation of FMA-WSSS."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.transforms.prompt_tuning import jitter_colors
from mmwsss.registry import TRANSFORMS
from tests.conftest import photo


def build(kind, **options):
    return TRANSFORMS.build(dict(type=kind, **options))


def sample(height=60, width=80):
    label = np.arange(height * width).reshape(height, width) % 7
    return dict(
        img=photo(height, width),
        pseudo_mask=label.astype(np.uint8),
        aligned={'pseudo_mask': 255},
        img_id='photo',
    )


def test_dark_pixels_fold_up():
    dark = np.full((2, 2, 3), 5, np.uint8)
    assert (jitter_colors(dark, brightness=-20.0) == 15).all()
    assert (jitter_colors(dark + 245, brightness=20.0) == 255).all()
    assert (jitter_colors(dark, contrast=3.0) == 15).all()


def test_hues_do_not_go_round():
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 200
    turned = jitter_colors(red, hue=-25.0)
    np.testing.assert_array_equal(turned, jitter_colors(red, hue=25.0))
    assert turned[0, 0, 1] > 0


def test_saturation():
    image = photo()
    grey = jitter_colors(image, saturation=0.0)
    assert (np.ptp(grey.astype(int), axis=2) == 0).all()


def test_jitter_draws():
    """Each step draws whether, then how much; then the order."""
    np.random.seed(3)
    got = build('AbsColorJitter')(sample())['img']
    np.random.seed(3)
    spans = dict(brightness=(-25, 25), contrast=(0.6, 1.4), saturation=(0.5, 1.5), hue=(-25, 25))
    values = {
        name: np.random.uniform(*span) if np.random.random() < 0.5 else None
        for name, span in spans.items()
    }
    order = np.random.permutation(4)
    np.testing.assert_array_equal(got, jitter_colors(photo(60, 80), **values, order=order))


def test_jitter_never():
    results = build('AbsColorJitter', prob=0.0)(sample())
    np.testing.assert_array_equal(results['img'], photo(60, 80))


@settings(max_examples=40, deadline=None)
@given(height=st.integers(20, 120), width=st.integers(20, 120), seed=st.integers(0, 999))
def test_crops_fit(height, width, seed):
    """Whatever the photo: the short side is long enough, the long one at most as drawn."""
    np.random.seed(seed)
    results = build('RandomResizeCovering', low=64, high=96, short=48)(sample(height, width))
    short, long = sorted(results['img'].shape[:2])
    assert short >= 48 and (long <= 96 or short == 48)
    assert results['img'].shape[:2] == results['pseudo_mask'].shape == results['img_shape']
    results = build('RandomMirror')(build('RandomCropInside', size=48)(results))
    assert results['img'].shape == (48, 48, 3) and results['pseudo_mask'].shape == (48, 48)
    assert (results['flip_direction'] == 'horizontal') == results['flip']


def test_mirror():
    flips = []
    for seed in range(8):
        np.random.seed(seed)
        results = build('RandomMirror')({**sample(), 'valid_box': (0, 3, 5, 10)})
        flips.append(results['flip'])
        width = results['img'].shape[1]
        box = (0, width - 10, 5, width - 3) if results['flip'] else (0, 3, 5, 10)
        assert results['valid_box'] == box
        expected = sample()['pseudo_mask'][:, :: -1 if results['flip'] else 1]
        np.testing.assert_array_equal(results['pseudo_mask'], expected)
    assert len(set(flips)) == 2


@pytest.mark.parametrize('size, expected', [((375, 500), (384, 512)), ((480, 333), (480, 336))])
def test_multiples(size, expected):
    results = build('ResizeToMultiple')(sample(*size))
    (view,) = results['imgs']
    assert view.shape[:2] == expected and results['img'].shape[:2] == size
    assert results['pseudo_mask'].shape == size


def test_multiples_of_an_enlarged_photo():
    (view,) = build('ResizeToMultiple', divisor=16, factor=1.5)(sample(112, 84))['imgs']
    assert view.shape[:2] == (176, 128)


def test_bad_input():
    with pytest.raises(ValueError, match='photo: 60x80 pixels are fewer than the crop of 64x64'):
        build('RandomCropInside', size=64)(sample())
    with pytest.raises(ValueError, match='1 <= low <= high and short >= 1 .* found 9, 8 and 1'):
        build('RandomResizeCovering', low=9, high=8, short=1)
    with pytest.raises(ValueError, match='a probability in .0, 1. and ranges'):
        build('AbsColorJitter', prob=2.0)
    with pytest.raises(ValueError, match='a divisor of at least 1 and .* found 0 and'):
        build('ResizeToMultiple', divisor=0)
    for kind in ('AbsColorJitter', 'RandomMirror', 'ResizeToMultiple'):
        assert kind in repr(build(kind))
