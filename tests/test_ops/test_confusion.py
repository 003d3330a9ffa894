import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.confusion import confusion, scores_from_confusion


def naive(pred, gt, n):
    return np.array([[((gt == g) & (pred == p)).sum() for p in range(n)] for g in range(n)])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 8), dtype=st.sampled_from(['uint8', 'int64']))
def test_counts_every_pair_on_numpy_and_torch(seed, n, dtype):
    rng = np.random.RandomState(seed)
    pred = rng.randint(0, n, (2, 5, 7)).astype(dtype)
    gt = rng.choice([*range(n), 255], (2, 5, 7)).astype(dtype)
    counts = confusion(pred, gt, n)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, naive(pred, gt, n))
    tensor = confusion(torch.from_numpy(pred), torch.from_numpy(gt), n)
    assert tensor.dtype == torch.int64
    np.testing.assert_array_equal(tensor, counts)
    assert counts.sum() == (gt != 255).sum()


@pytest.mark.parametrize('make', [np.array, torch.tensor])
def test_void_predictions_get_their_own_column(make):
    pred, gt = make([0, 255, 1, 255, 255]), make([0, 1, 1, 255, 0])
    counts = confusion(pred, gt, 2, void=True)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 1]]
    scores = scores_from_confusion(counts)
    assert scores.iou.tolist() == [0.5, 0.5]  # missed, and claimed by nobody
    assert scores.precision.tolist() == [1, 1]


def test_what_is_predicted_where_nothing_is_scored_does_not_matter():
    assert confusion(np.array([7, 0]), np.array([255, 0]), 1).tolist() == [[1]]


@pytest.mark.parametrize('make', [np.array, torch.tensor])
@pytest.mark.parametrize(
    ('pred', 'gt', 'message'),
    [
        ([0, 1], [0], r'prediction \(2,\) and ground truth \(1,\) differ in size'),
        ([0, 255], [0, 1], r'found ground truth \[\], prediction \[255\]'),
        ([0, 0], [0, 3], r'found ground truth \[3\], prediction \[\]'),
        ([0, 2], [0, 1], r'prediction \[2\]'),
        ([0, -1], [0, 1], r'prediction labels must lie in 0..255, found -1..0'),
        ([0, 0], [0, 256], r'ground truth labels must lie in 0..255, found 0..256'),
    ],
)
def test_foreign_labels_are_refused(make, pred, gt, message):
    with pytest.raises(ValueError, match=message):
        confusion(make(pred), make(gt), 2)


def test_uint8_takes_the_unchecked_path_and_still_refuses():
    maps = np.array([0, 9], np.uint8), np.array([0, 1], np.uint8)
    with pytest.raises(ValueError, match=r'prediction \[9\]'):
        confusion(*maps, 2)


def test_ignore_must_not_be_a_class():
    with pytest.raises(ValueError, match='one of the 21 classes, found 0'):
        confusion(np.zeros(1, int), np.zeros(1, int), 21, ignore=0)


def test_worked_example():
    scores = scores_from_confusion(np.array([[1, 0], [1, 1]]))
    assert scores.iou.tolist() == [0.5, 0.5]
    assert scores.precision.tolist() == [0.5, 1]
    assert scores.recall.tolist() == [1, 0.5]
    assert scores.fp.tolist() == [0.5, 0]
    assert scores.fn.tolist() == [0, 0.5]
    assert (scores.miou, scores.pacc, scores.macc) == (0.5, 2 / 3, 0.75)


def test_absent_rules():
    counts = np.zeros((21, 21), np.int64)
    counts[0, 0], counts[3, 3], counts[3, 0] = 6, 3, 1
    iou = 6 / 7 + 3 / 4
    assert scores_from_confusion(counts, 'zero').miou == pytest.approx(iou / 21)
    assert scores_from_confusion(counts, 'nan').miou == pytest.approx(iou / 2)
    counts[3, 5] = 1  # predicted, but in no image: undefined recall, IoU 0
    iou = 6 / 7 + 3 / 5
    assert scores_from_confusion(counts, 'nan').miou == pytest.approx(iou / 3)
    assert scores_from_confusion(counts, 'present').miou == pytest.approx(iou / 2)
    assert scores_from_confusion(counts, 'zero').macc == pytest.approx((1 + 3 / 5) / 2)
    with pytest.raises(ValueError, match="absent must be .* found 'none'"):
        scores_from_confusion(counts, 'none')


def test_stacks_of_matrices_and_tensors():
    counts = np.random.RandomState(0).randint(0, 9, (4, 3, 5, 6))
    stack = scores_from_confusion(torch.from_numpy(counts))
    assert stack.iou.shape == (4, 3, 5) and stack.miou.shape == (4, 3)
    one = scores_from_confusion(counts[2, 1])
    assert stack.miou[2, 1] == one.miou and stack.mfn[2, 1] == one.mfn


def test_no_pixels_have_no_scores():
    scores = scores_from_confusion(np.zeros((2, 2)))
    assert np.isnan([scores.miou, scores.pacc, scores.macc]).all()
