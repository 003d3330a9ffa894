"""What a photo's seeds are said to take."""

import pytest
from mmengine.config import Config

from mmwsss.apis.photo_cost import photo_cost
from tests.test_apis.test_inferencer import CAM, PLAIN, SCALES, SEGMENTOR, make_config


def limited(max_pixels, flip=True):
    scales = [{**step} for step in SCALES]
    scales[1]['max_pixels'] = max_pixels
    return make_config({**CAM, 'test_cfg': {'flip': flip}}, scales)


def test_grows_with_pixels_and_views():
    small, large = (photo_cost(limited(None), size) for size in ((300, 400), (600, 800)))
    assert small.size == (300, 400) and large.size == (600, 800)
    assert large.seconds == pytest.approx(4 * small.seconds)
    # The photo at scale 1 with its mirror image, 370 MiB a megapixel.
    assert large.mib - small.mib == pytest.approx(370 * 2 * 0.36)
    alone = photo_cost(limited(None, flip=False), (600, 800))
    assert alone.seconds == pytest.approx(large.seconds / 2)


def test_no_more_than_the_limit_of_pixels():
    cost = photo_cost(limited(300 * 400), (3000, 4000))
    assert cost.size == (300, 400)
    assert cost == photo_cost(limited(None), (300, 400))


def test_other_models_have_none():
    assert photo_cost(make_config(SEGMENTOR, PLAIN), (300, 400)) is None
    assert photo_cost(Config({'model': None}), (300, 400)) is None
