import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.transforms import TokenContrastViews
from mmwsss.datasets.transforms.token_contrast_views import scaled_crop
from mmwsss.registry import TRANSFORMS
from tests.conftest import photo

PLAIN = dict(jitter=dict(brightness=0.0), blur_prob=(0, 0, 0), solarize_prob=0.0)


def views(seed=0, image=None, **options):
    random.seed(seed)
    torch.manual_seed(seed)
    step = TRANSFORMS.build(dict(type='TokenContrastViews', size=24, **options))
    return step(dict(img=photo() if image is None else image, img_id='a'))


def test_three_views():
    results = views()
    assert [(x.shape, x.dtype) for x in results['imgs']] == [((24, 24, 3), np.uint8)] * 3
    assert results['img_shape'] == (24, 24)
    same = views()
    for a, b in zip(results['imgs'], same['imgs'], strict=True):
        np.testing.assert_array_equal(a, b)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000))
def test_box_and_views_belong_together(seed):
    """White photos, small enough to be padded: all white is in the box, and nothing else is."""
    white = np.full((20, 30, 3), 255, np.uint8)
    results = views(seed, white, scale=(0.4, 0.9), **PLAIN)
    first, _, third = results['imgs']
    np.testing.assert_array_equal(first, third)
    top, left, bottom, right = results['valid_box']
    inside = np.zeros((24, 24), bool)
    inside[top:bottom, left:right] = True
    np.testing.assert_array_equal(first[..., 0] == 255, inside)


def test_as_released_views_are_mirrored_by_themselves():
    white = np.full((20, 30, 3), 255, np.uint8)
    found = [views(s, white, scale=(0.4, 0.6), consistent=False, **PLAIN) for s in range(30)]
    wrong = 0
    for results in found:
        top, left, bottom, right = results['valid_box']
        inside = np.zeros((24, 24), bool)
        inside[top:bottom, left:right] = True
        wrong += not np.array_equal(results['imgs'][0][..., 0] == 255, inside)
    assert 5 < wrong < 25
    differ = [not np.array_equal(r['imgs'][0], r['imgs'][2]) for r in found]
    assert 5 < sum(differ) < 25


def test_crop_of_a_larger_photo():
    image = photo(40, 50)
    options = dict(scale=1.0, pad=(0, 0), corner=(3, 5), size=24)
    crop, box = scaled_crop(image, mirror=False, **options)
    np.testing.assert_array_equal(crop, image[3:27, 5:29])
    assert box == (0, 0, 24, 24)
    mirrored, _ = scaled_crop(image, mirror=True, **options)
    np.testing.assert_array_equal(mirrored, image[:, ::-1][3:27, 5:29])


def test_tiny_photo():
    assert views(0, photo(2, 2))['imgs'][1].shape == (24, 24, 3)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(size=0), 'a side of at least 1'),
        (dict(scale=(2, 1)), r'found 448 and \(\(2, 1\)'),
        (dict(area=(0, 1)), 'the lesser first'),
        (dict(blur_prob=(1, 1)), r'three probabilities .* found \(1, 1\)'),
        (dict(solarize_prob=2), 'found .* and 2'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        TokenContrastViews(**options)


def test_refuses_maps():
    with pytest.raises(ValueError, match=r"carries no maps along, found \['gt_seg_map'\]"):
        TokenContrastViews(8).transform(dict(img=photo(), aligned={'gt_seg_map': 255}))
