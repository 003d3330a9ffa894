"""``mmwsss.ops.mask_runs``: what loops over masks would give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.mask_runs import MaskRuns, rock_sand_water
from mmwsss.structures import Proposals

CASES = st.tuples(
    st.integers(0, 9), st.integers(1, 9), st.integers(1, 11), st.integers(0, 2**31 - 1)
)


def random_masks(count, height, width, seed):
    """Some of them empty, full, or boxes."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, height, width), bool)
    for index, mask in enumerate(masks):
        kind = rng.integers(4)
        if kind == 1:
            mask[:] = True
        elif kind == 2:
            mask[:] = rng.random(mask.shape) > 0.5
        elif kind == 3:
            mask[rng.integers(height) :, index % width :] = True
    return masks, rng


def encode(masks, level=None):
    zeros = np.zeros(len(masks))
    return Proposals.from_masks(
        masks, iou=zeros, stability=zeros, level=zeros if level is None else level
    )


@settings(max_examples=60, deadline=None)
@given(case=CASES)
def test_sums_and_intersections(case):
    masks, rng = random_masks(*case)
    runs, maps = MaskRuns(encode(masks)), rng.random((2, *masks.shape[1:]))
    np.testing.assert_array_equal(runs.areas, masks.sum((1, 2)))
    sums = [[one[mask].sum() for mask in masks] for one in maps]
    np.testing.assert_allclose(runs.sum(maps), np.reshape(sums, (2, len(masks))), atol=1e-9)
    index = rng.permutation(len(masks))[: len(masks) // 2 + 1]
    part = runs.take(index)
    np.testing.assert_array_equal(part.areas, runs.areas[index])
    np.testing.assert_allclose(part.sum(maps), runs.sum(maps)[:, index], atol=1e-9)
    both = (masks[:, None] & masks[index][None]).sum((2, 3))
    np.testing.assert_array_equal(runs.intersections(part), both)


@settings(max_examples=60, deadline=None)
@given(case=CASES)
def test_painting(case):
    masks, rng = random_masks(*case)
    labels, order = rng.integers(1, 5, len(masks)), rng.permutation(len(masks))
    expected = np.zeros(masks.shape[1:], np.int64)
    for index in order:
        expected[masks[index]] = labels[index]
    np.testing.assert_array_equal(MaskRuns(encode(masks)).paint(labels, order), expected)


def slow_filter(masks, level, threshold):
    kept = [i for i in range(len(masks)) if level[i] == 2]
    for current in (1, 0):
        added = []
        for i in (i for i in range(len(masks)) if level[i] == current):
            area = masks[i].sum()
            shared = max(((masks[i] & masks[k]).sum() for k in kept), default=0)
            if not kept or (area and shared / area < threshold):
                added.append(i)
        kept = kept + added
    return kept


@settings(max_examples=100, deadline=None)
@given(case=CASES, threshold=st.sampled_from((0.1, 0.3, 0.7, 1.0)))
def test_rock_sand_water(case, threshold):
    masks, rng = random_masks(*case)
    level = rng.integers(0, 3, len(masks))
    kept = rock_sand_water(MaskRuns(encode(masks, level)), level, threshold)
    assert kept.tolist() == slow_filter(masks, level, threshold)


def test_without_whole_masks_the_next_level_is_taken():
    masks = np.ones((3, 2, 2), bool)
    kept = rock_sand_water(MaskRuns(encode(masks)), np.array([0, 1, 1]))
    assert kept.tolist() == [1, 2]


def test_unknown_level():
    with pytest.raises(ValueError, match=r'levels of masks are 0, 1 or 2, found \[3\]'):
        rock_sand_water(MaskRuns(encode(np.ones((1, 2, 2), bool))), np.array([3]))
