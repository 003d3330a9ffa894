import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmwsss.structures import BoxPrompts


def some(count=3, size=(40, 60), seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.5, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0, 0.5, (count, 2))], 1)
    return BoxPrompts(boxes, rng.uniform(0, 1, count), np.arange(count) - 1, size)


def test_types_and_parts():
    prompts = some()
    assert (prompts.boxes.dtype, prompts.classes.dtype) == (np.float32, np.int16)
    part = prompts[prompts.classes >= 0]
    assert len(part) == 2 and part.size == (40, 60)
    np.testing.assert_array_equal(part.boxes, prompts.boxes[1:])
    assert len(BoxPrompts.empty((3, 4))) == 0


def test_pixels_are_computed_in_double_precision():
    pixels = some().pixels((1024, 512))
    assert pixels.dtype == np.float64
    np.testing.assert_allclose(pixels, some().boxes * np.float32([512, 1024, 512, 1024]), 1e-6)


@settings(max_examples=25, deadline=None)
@given(
    corners=arrays(np.float32, (2, 2), elements=st.floats(0, 1, width=32)),
    horizontal=st.booleans(),
    vertical=st.booleans(),
)
def test_flipping_follows_the_image(corners, horizontal, vertical):
    box = np.concatenate([corners.min(0), corners.max(0)])[None]
    prompts = BoxPrompts(box, [1], [0], (8, 8))
    flipped = prompts.flip(horizontal=horizontal, vertical=vertical)
    again = flipped.flip(horizontal=horizontal, vertical=vertical)
    np.testing.assert_allclose(again.boxes, prompts.boxes, atol=1e-6)
    x1, y1, x2, y2 = box[0]
    wanted = [1 - x2, y1, 1 - x1, y2] if horizontal else [x1, y1, x2, y2]
    if vertical:
        wanted = [wanted[0], 1 - wanted[3], wanted[2], 1 - wanted[1]]
    np.testing.assert_allclose(flipped.boxes[0], wanted, atol=1e-6)


@pytest.mark.parametrize(
    'values, message',
    [
        (dict(scores=[1, 1]), 'as many boxes as scores'),
        (dict(boxes=[[0.5, 0, 0.1, 1]] * 3), 'x1 <= x2'),
        (dict(boxes=[[0, 0, np.nan, 1]] * 3), 'finite'),
        (dict(scores=[0, 0.5, 1.5]), r'scores are in \[0, 1\]'),
        (dict(classes=[-2, 0, 1]), r'classes are 0..C-1 or -1, found -2'),
        (dict(size=(0, 4)), r'size is \(H, W\)'),
    ],
)
def test_bad_values(values, message):
    good = some()
    fields = dict(boxes=good.boxes, scores=good.scores, classes=good.classes, size=good.size)
    with pytest.raises(ValueError, match=message):
        BoxPrompts(**{**fields, **values})
