import random

import cv2
import numpy as np
import pytest

from mmwsss.registry import TRANSFORMS
from tests.conftest import photo


def build(name, **options):
    return TRANSFORMS.build(dict(type=name, **options))


def test_hue_goes_round_and_the_rest_is_clipped():
    image = photo(20, 30)
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(int)
    random.seed(3)
    shift = [random.randint(-10, 10) for _ in range(3)]
    expected = hsv + shift
    expected[..., 0] %= 180
    expected = cv2.cvtColor(expected.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)
    random.seed(3)
    got = build('HSVShift')(dict(img=image.copy()))['img']
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(
        build('HSVShift', delta=0)(dict(img=image))['img'],
        cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB),
    )


def test_rescale_carries_maps_along():
    random.seed(0)
    factor = random.uniform(0.5, 1.5)
    random.seed(0)
    mask = np.arange(600, dtype=np.uint8).reshape(20, 30)
    results = dict(img=photo(20, 30), gt_seg_map=mask, aligned={'gt_seg_map': 255})
    got = build('RandomRescale')(results)
    assert got['img_shape'] == got['img'].shape[:2] == got['gt_seg_map'].shape
    assert got['img'].shape[0] == round(20 * factor)
    assert set(np.unique(got['gt_seg_map'])) <= set(mask.flatten().tolist())


def test_a_thin_photo_stays_a_pixel_wide():
    for _ in range(9):
        assert build('RandomRescale', low=0.3, high=0.4)(dict(img=photo(1, 30)))['img'].shape[0]


@pytest.mark.parametrize(
    'name, options, message',
    [
        ('HSVShift', dict(delta=-1), 'delta must be at least 0, found -1'),
        ('RandomRescale', dict(low=2, high=1), '0 < low <= high is expected, found 2 and 1'),
    ],
)
def test_refuses(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)


def test_texts():
    assert repr(build('HSVShift')) == 'HSVShift(delta=10)'
    assert repr(build('RandomRescale')) == 'RandomRescale(low=0.5, high=1.5)'
