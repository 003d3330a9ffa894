"""``mmwsss.ops.mask_seeding``: equals loops over masks and classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.mask_runs import MaskRuns
from mmwsss.ops.mask_seeding import label_masks, paint_masks
from tests.test_ops.test_mask_runs import encode, random_masks


def loops(cams, masks, level, power, pooling):
    cams = cams if pooling == 'raw' else np.maximum(cams, 0)
    if pooling == 'minmax':
        cams = np.stack([(c - c.min()) / (c.max() - c.min() + 1e-7) for c in cams])
    scores = np.zeros((len(cams), len(masks)))
    for c, cam in enumerate(cams):
        for s, mask in enumerate(masks):
            scores[c, s] = max(cam[mask].mean() if mask.any() else 0, 0)
        scores[c] = (scores[c] - scores[c].min()) / (np.ptp(scores[c]) + 1e-7)
    scores = np.concatenate([(1 - scores.max(0, keepdims=True)) ** power, scores])
    label, confidence = scores.argmax(0), scores.max(0).astype(np.float32)
    painted = np.zeros(masks.shape[1:], np.int64)
    for index in sorted(range(len(masks)), key=lambda i: (level[i], confidence[i])):
        painted[masks[index]] = label[index]
    return label, scores.T, painted


@settings(max_examples=60, deadline=None)
@given(
    case=st.tuples(
        st.integers(1, 8), st.integers(2, 8), st.integers(2, 9), st.integers(0, 2**31 - 1)
    ),
    pooling=st.sampled_from(('relu', 'raw', 'minmax')),
    power=st.sampled_from((0.3, 0.7, 1.0, 2.0)),
)
def test_equals_loops(case, pooling, power):
    masks, rng = random_masks(*case)
    level, cams = rng.integers(0, 3, len(masks)), rng.normal(size=(3, *masks.shape[1:]))
    runs = MaskRuns(encode(masks, level))
    found = label_masks(cams, runs, power, pooling)
    label, scores, painted = loops(cams, masks, level, power, pooling)
    # What is left of 1 depends on the last digits.
    np.testing.assert_allclose(found.scores[:, 1:], scores[:, 1:], rtol=1e-4, atol=1e-5)
    sure = np.sort(scores, 1)[:, -2:] @ [-1, 1] > 0.02
    np.testing.assert_array_equal(found.label[sure], label[sure])
    if sure.all() and len(np.unique(found.confidence.round(3))) == len(masks):
        np.testing.assert_array_equal(paint_masks(found, runs, level), painted)


def test_a_single_mask_is_background():
    masks = np.zeros((1, 4, 4), bool)
    masks[0, :2] = True
    found = label_masks(np.ones((2, 4, 4)), MaskRuns(encode(masks)), 0.6)
    assert found.label.tolist() == [0] and found.scores.tolist() == [[1, 0, 0]]


def test_no_mask_and_no_map():
    none = MaskRuns(encode(np.zeros((0, 4, 4), bool)))
    found = label_masks(np.ones((2, 4, 4)), none, 0.6)
    assert found.scores.shape == (0, 3) and not paint_masks(found, none, np.zeros(0)).any()
    masks = MaskRuns(encode(np.ones((2, 4, 4), bool)))
    found = label_masks(np.zeros((0, 4, 4)), masks, 0.6)
    assert found.label.tolist() == [0, 0] and found.scores.shape == (2, 1)


def test_whole_masks_lie_on_top():
    """Whatever the scores, and the surest lies on top within a level; equal ones: the later."""
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :, :], masks[1, :2], masks[2, :2] = True, True, True
    level = np.array([2, 0, 0])
    cams = np.zeros((1, 4, 4))
    cams[0, :2] = 5
    runs = MaskRuns(encode(masks, level))
    found = label_masks(cams, runs, 1.0)
    assert found.label.tolist() == [0, 1, 1]
    assert not paint_masks(found, runs, level).any()
    assert paint_masks(found, runs, level * 0).tolist() == [[1] * 4] * 2 + [[0] * 4] * 2


def test_unknown_pooling():
    with pytest.raises(ValueError, match="pooling must be one of .* found 'mean'"):
        label_masks(np.ones((1, 2, 2)), MaskRuns(encode(np.ones((1, 2, 2), bool))), 1, 'mean')
