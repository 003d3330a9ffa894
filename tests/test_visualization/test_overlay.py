import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.structures import Seeds
from mmwsss.visualization.overlay import (
    blend,
    cam_overlay,
    full_palette,
    heat,
    mask_overlay,
    outlines,
)

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)


def test_heat_runs_from_blue_to_red():
    colours = heat(np.array([[0.0, 1.0, np.nan, 2.0]]))
    assert colours.shape == (1, 4, 3) and colours.dtype == np.uint8
    assert colours[0, 1, 0] > colours[0, 1, 2], 'the best is red'
    assert (colours[0, 2] == colours[0, 0]).all() and (colours[0, 3] == colours[0, 1]).all()


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1))
def test_blend_lies_between_its_parts(opacity):
    other = IMAGE[::-1].copy()
    mixed = blend(IMAGE, other, opacity)
    low, high = np.minimum(IMAGE, other), np.maximum(IMAGE, other)
    assert ((mixed >= low) & (mixed <= high)).all()
    assert (blend(IMAGE, other, np.full((12, 16), opacity)) == mixed).all()


def test_blend_ends():
    other = IMAGE[::-1].copy()
    assert (blend(IMAGE, other, 0) == IMAGE).all() and (blend(IMAGE, other, 1) == other).all()
    with pytest.raises(ValueError, match=r'the image has shape \(12, 16, 3\), the colours'):
        blend(IMAGE, other[:5], 0.5)


def test_cam_overlay_resizes_scores():
    scores = np.zeros((1, 3, 4), np.float32)
    scores[0, 1, 1] = 1
    picture = cam_overlay(IMAGE, Seeds(np.array([2]), scores, size=(48, 64)), opacity=1)
    assert picture.shape == IMAGE.shape
    red = picture[..., 0].astype(int) - picture[..., 2]
    assert np.unravel_index(red.argmax(), red.shape)[0] in range(4, 8)
    cam_overlay(IMAGE, Seeds(np.zeros(0, int), np.zeros((0, 3, 4))))


def test_mask_overlay_colours_and_outlines():
    mask = np.zeros((12, 16), np.uint8)
    mask[4:8, 4:8], mask[10:] = 2, 255
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]])
    picture = mask_overlay(IMAGE, mask, palette, opacity=1)
    assert (picture[5, 5] == [0, 255, 0]).all()
    assert (picture[11, 3] == 255).all(), 'no label is white'
    assert (picture[3, 5] == 255).all(), 'an outline'
    assert np.ptp(picture[0, 0]) == 0, 'background is grey'
    with pytest.raises(ValueError, match='the mask'):
        mask_overlay(IMAGE, mask[:4])


def test_outlines():
    mask = np.array([[0, 0, 1], [0, 0, 1]])
    assert outlines(mask).tolist() == [[False, True, False], [False, True, False]]


def test_palette():
    palette = full_palette()
    assert palette.shape == (256, 3) and palette[1].tolist() == [128, 0, 0]
    assert palette[255].tolist() == [255, 255, 255]
    assert full_palette([[1, 2, 3]])[0].tolist() == [1, 2, 3]
