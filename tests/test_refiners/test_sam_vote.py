import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.refiners import SAMVote, sam_vote
from mmwsss.structures import Proposals, Seeds

RULES = ('max_iou', 'max_iou_imp', 'max_iou_imp2')


def reference(labels, masks, rule):
    """The published loops."""
    out, offered = np.zeros(labels.shape, np.uint8), list(range(len(masks)))
    for i in range(1, 255):
        own = labels == i
        if not own.any():
            continue
        cover = np.zeros(labels.shape, bool)
        taken = np.zeros(labels.shape, bool)
        for m in list(offered):
            cover |= masks[m]
        for m in list(offered):
            inside = (masks[m] & own).sum()
            if 2 * inside > masks[m].sum() or (
                rule == 'max_iou_imp2' and inside >= 0.85 * own.sum()
            ):
                taken |= masks[m]
                offered.remove(m)
        if rule != 'max_iou':
            taken |= own & ~cover
        out[taken] = i
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 8), st.sampled_from(RULES))
def test_equals_the_loops(seed, count, rule):
    rng = np.random.RandomState(seed)
    labels = rng.choice(np.array([0, 1, 2, 9, 255], np.uint8), (4, 5)).repeat(2, 0).repeat(2, 1)
    masks = rng.rand(count, 8, 10) < rng.rand()
    np.testing.assert_array_equal(sam_vote(labels, masks, rule), reference(labels, masks, rule))


def test_more_than_half():
    labels = np.zeros((4, 10), np.uint8)
    labels[0] = 1
    mask = np.zeros((1, 4, 10), bool)
    mask[0, 0, :7], mask[0, 1, :5] = True, True  # 12 pixels, 7 of them of the class
    np.testing.assert_array_equal(sam_vote(labels, mask) == 1, mask[0] | (labels == 1))
    mask[0, 0, 6], mask[0, 1, 5] = (
        False,
        True,
    )  # 12 pixels, 6 of them: rejected, what it covers goes
    np.testing.assert_array_equal(sam_vote(labels, mask) == 1, (labels == 1) & ~mask[0])


def proposals(masks):
    ones = np.ones(len(masks))
    return Proposals.from_masks(masks, iou=ones, stability=ones, level=ones * 0)


def test_refiner():
    scores = np.zeros((1, 6, 6), np.float32)
    scores[:, :3] = 0.9
    mask = np.zeros((1, 6, 6), bool)
    mask[:, :5] = True
    got = SAMVote(0.3)(np.zeros((6, 6, 3), np.uint8), Seeds(np.array([4]), scores), proposals(mask))
    np.testing.assert_array_equal(got, mask[0] * np.uint8(5))


def test_no_classes_and_no_masks():
    image, none = np.zeros((6, 6, 3), np.uint8), np.zeros((0, 6, 6), bool)
    empty = Seeds(np.zeros(0, int), np.zeros((0, 6, 6)))
    assert not SAMVote()(image, empty, proposals(none)).any()
    one = Seeds(np.array([0]), np.ones((1, 6, 6)))
    assert (SAMVote()(image, one, proposals(none)) == 1).all()


def test_bad_input():
    image, one = np.zeros((6, 6, 3), np.uint8), Seeds(np.array([0]), np.ones((1, 6, 6)))
    with pytest.raises(ValueError, match=r'proposals of size \(6, 6\), found \(5, 6\)'):
        SAMVote()(image, one, proposals(np.zeros((1, 5, 6), bool)))
    with pytest.raises(ValueError, match="rule must be one of .* found 'best'"):
        SAMVote(rule='best')
    with pytest.raises(ValueError, match=r'background must lie in \[0, 1\] or be None, found 2'):
        SAMVote(2)
    with pytest.raises(ValueError, match=r'labels are of \(6, 6\), the masks of \(5, 6\)'):
        sam_vote(np.zeros((6, 6), int), np.zeros((1, 5, 6), bool))


def test_protocol():
    assert SAMVote(None, rule='max_iou').protocol() == {
        'type': 'SAMVote',
        'background': 'map of the seeds',
        'rule': 'max_iou',
        'threshold_tuned_on_masks': False,
    }
