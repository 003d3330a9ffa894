"""Proposals: the run-length code is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.structures import Proposals


def make(masks):
    count = len(masks)
    return Proposals.from_masks(
        masks, iou=np.linspace(1, 0, count), stability=np.ones(count), level=np.zeros(count)
    )


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(1, 6)),
    density=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
    seed=st.integers(0, 99),
)
def test_round_trip(shape, density, seed):
    masks = np.random.default_rng(seed).random(shape) < density
    proposals = make(masks)
    assert len(proposals) == len(masks)
    assert (proposals.masks() == masks).all()
    assert (proposals.areas() == masks.sum((1, 2))).all()
    expected = np.full(shape[1:], -1)
    for value, mask in enumerate(masks[::-1]):
        expected[mask] = value
    assert (proposals.label_map() == expected).all()


def test_boxes_are_tight_with_exclusive_ends():
    masks = np.zeros((2, 5, 7), bool)
    masks[0, 1:3, 2:6] = True
    assert make(masks).boxes.tolist() == [[2, 1, 6, 3], [0, 0, 0, 0]]


def test_wrong_code_is_named():
    good = make(np.ones((1, 2, 3), bool))
    parts = dict(boxes=good.boxes, iou=[1], stability=[1], level=[0])
    with pytest.raises(ValueError, match='mask 0 codes 6 pixels, the image has 8'):
        Proposals(good.rle_counts, good.rle_offsets, size=(2, 4), **parts)
    with pytest.raises(ValueError, match='rle_offsets end at 2'):
        Proposals([0, 3, 3], [0, 2], size=(2, 3), **parts)
    with pytest.raises(ValueError, match='iou must have 1 entries, found 2'):
        Proposals(good.rle_counts, good.rle_offsets, size=(2, 3), **{**parts, 'iou': [1, 1]})
    with pytest.raises(ValueError, match=r'shape \(M, H, W\)'):
        make(np.ones((2, 3), bool))
