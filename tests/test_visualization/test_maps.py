import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmwsss.structures import Seeds
from mmwsss.visualization.maps import png_uri, rounded, score_map, small_mask


def made(seed, classes=3, background=False, shape=(7, 9)):
    rng = np.random.default_rng(seed)
    scores = rng.random((classes, *shape), np.float32)
    held = rng.random(shape, np.float32) if background else None
    return Seeds(np.sort(rng.permutation(20)[:classes]), scores, held, (40, 50))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(0, 4), step=st.integers(0, 1000))
def test_a_threshold_on_the_map_is_to_mask(seed, classes, step):
    seeds, size = made(seed, classes), (11, 13)
    found = score_map(seeds, size)
    mask = np.where(found[..., 0] / 255 > step / 1000, found[..., 1], 0)  # as the page does
    np.testing.assert_array_equal(mask, rounded(seeds, size).to_mask(step / 1000))


@pytest.mark.parametrize('value', range(256))
def test_every_step_as_a_threshold_is_a_tie_that_the_background_wins(value):
    seeds = Seeds(np.array([4]), np.array([[[value / 255]]], np.float32))
    found = score_map(seeds, (1, 1))
    assert found[0, 0].tolist() == [value, 5, 0]
    assert rounded(seeds, (1, 1)).to_mask(value / 255)[0, 0] == 0
    assert not found[0, 0, 0] / 255 > value / 255


def test_background_map_is_the_third_channel():
    seeds = made(3, background=True)
    found = score_map(seeds, (11, 13))
    mask = np.where(found[..., 0] > found[..., 2], found[..., 1], 0)
    np.testing.assert_array_equal(mask, rounded(seeds, (11, 13)).to_mask())


def test_rounding_differs_from_full_precision_only_near_the_threshold_or_a_tie():
    seeds, size = made(5), (40, 50)
    whole = seeds.resize(size)
    best = np.sort(whole.scores, 0)
    sure = (abs(best[-1] - 0.4) > 1 / 255) & (best[-1] - best[-2] > 1 / 255)
    assert sure.mean() > 0.9
    differs = rounded(seeds, size).to_mask(0.4) != seeds.to_mask(0.4)
    assert not (differs & sure).any()


def test_png_keeps_every_byte():
    picture = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    head, data = png_uri(picture).split(',')
    assert head == 'data:image/png;base64'
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    np.testing.assert_array_equal(np.asarray(image), picture)
    assert not image.info, 'a colour profile or gamma would make the browser change values'


def test_small_mask_makes_no_new_values():
    mask = np.array([[0, 3], [255, 7]], np.uint8)
    assert set(np.unique(small_mask(mask, (5, 9)))) == {0, 3, 7, 255}
