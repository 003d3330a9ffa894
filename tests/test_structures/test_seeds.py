"""Seeds: validation, resizing, masks and their tie rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.structures import Seeds


def test_background_wins_ties_in_float32():
    scores = np.full((1, 1, 1), 0.35, np.float32)
    assert Seeds([0], scores).to_mask(background=0.35) == 0
    # float32(0.1) is larger than 0.1, and the comparison is made in float32.
    assert Seeds([0], np.full((1, 1, 1), np.float32(0.1))).to_mask(background=0.1) == 0


def test_lowest_class_wins_ties():
    seeds = Seeds([2, 5], np.full((2, 1, 1), 0.5))
    assert seeds.to_mask(background=0.1).tolist() == [[3]]


def test_background_map():
    seeds = Seeds([1], [[[0.4, 0.6]]], background=[[0.5, 0.5]])
    assert seeds.to_mask().tolist() == [[0, 2]]
    assert seeds.to_mask(background=0.1).tolist() == [[2, 2]]


def test_image_without_tags_is_background():
    seeds = Seeds(np.zeros(0, int), np.zeros((0, 2, 3)), size=(5, 6))
    mask = seeds.to_mask(background=0.3)
    assert mask.shape == (5, 6)
    assert not mask.any()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_mask_equals_the_stacked_argmax(data):
    """The published scorers stack a constant and all maps, and take the first maximum."""
    count = data.draw(st.integers(1, 3))
    classes = sorted(data.draw(st.sets(st.integers(0, 5), min_size=count, max_size=count)))
    grid = data.draw(st.lists(st.integers(0, 10), min_size=count * 6, max_size=count * 6))
    scores = (np.array(grid, np.float32) / 10).reshape(count, 2, 3)
    threshold = data.draw(st.integers(0, 10)) / 10
    stack = np.zeros((7, 2, 3), np.float32)
    stack[0] = threshold
    stack[np.array(classes) + 1] = scores
    assert (Seeds(classes, scores).to_mask(background=threshold) == stack.argmax(0)).all()


def test_resize_keeps_the_image_size():
    seeds = Seeds([0], np.random.rand(1, 4, 4), np.random.rand(4, 4), size=(16, 13))
    full = seeds.resize()
    assert full.scores.shape == (1, 16, 13)
    assert full.background.shape == (16, 13)
    assert full.resize((3, 2)).size == (16, 13)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(classes=[0], scores=np.zeros((2, 2))), r'shape \(K, h, w\), found \(2, 2\)'),
        (dict(classes=[0, 1], scores=np.zeros((1, 2, 2))), r'must have shape \(1,\)'),
        (dict(classes=[1, 0], scores=np.zeros((2, 2, 2))), r'ascend.*found \[1, 0\]'),
        (dict(classes=[1, 1], scores=np.zeros((2, 2, 2))), 'without repetition'),
        (dict(classes=[-1], scores=np.zeros((1, 2, 2))), r'ids 0\.\.253, found \[-1\]'),
        (dict(classes=[0], scores=np.full((1, 2, 2), 1.5)), r'\[0, 1\].*found 1\.5'),
        (dict(classes=[0], scores=np.full((1, 2, 2), np.nan)), 'NaN'),
        (
            dict(classes=[0], scores=np.zeros((1, 2, 2)), background=np.zeros((3, 2))),
            r'background must have shape \(2, 2\)',
        ),
        (dict(classes=[0], scores=np.zeros((1, 2, 2)), size=(0, 4)), 'size must be'),
    ],
)
def test_wrong_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Seeds(**arguments)


def test_a_mask_needs_a_background():
    seeds = Seeds([0], np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match='give a background score'):
        seeds.to_mask()
    with pytest.raises(ValueError, match='at least 0'):
        seeds.to_mask(background=-0.1)


@given(st.integers(0, 2**32 - 1), st.integers(0, 4), st.booleans())
@settings(max_examples=30)
def test_masks_of_smaller_maps_are_those_of_resized_ones(seed, count, own_background):
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, 5, (count, 3, 4)) / 4).astype(np.float32)
    background = rng.random((3, 4), dtype=np.float32) if own_background else None
    seeds = Seeds(np.arange(count) * 2, scores, background, (7, 9))
    threshold = None if own_background else 0.5
    np.testing.assert_array_equal(seeds.to_mask(threshold), seeds.resize().to_mask(threshold))
