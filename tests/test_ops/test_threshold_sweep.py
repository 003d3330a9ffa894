import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.confusion import confusion
from mmwsss.ops.threshold_sweep import ThresholdSweep, search_threshold, threshold_grid
from mmwsss.structures import Seeds


def random_image(rng, n, size=(6, 9)):
    """Seeds with many ties, with each other and with thresholds, and a ground truth."""
    classes = np.flatnonzero(rng.rand(n - 1) < 0.4)
    scores = rng.randint(0, 21, (len(classes), *size)) / 20
    gt = rng.choice([*range(n), 255], size).astype(np.uint8)
    return Seeds(classes, scores), gt


def reference(seeds, gt, thresholds, n):
    """The published scorers: a stack with the threshold in front, argmax, one by one."""
    counts = []
    for threshold in thresholds:
        stack = np.zeros((n, *gt.shape), np.float32)
        stack[0] = threshold
        stack[seeds.classes + 1] = seeds.scores
        counts.append(confusion(stack.argmax(0), gt, n))
    return np.stack(counts)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(2, 7), steps=st.integers(1, 60))
def test_equals_brute_force(seed, n, steps):
    rng = np.random.RandomState(seed)
    thresholds = np.arange(steps) / 20
    sweep, expected = ThresholdSweep(n, thresholds), 0
    for _ in range(3):
        seeds, gt = random_image(rng, n)
        sweep.update(*seeds.winner(), gt)
        expected = expected + reference(seeds, gt, thresholds, n)
    counts = sweep.compute()
    assert counts.dtype == np.int64 and counts.shape == (steps, n, n)
    np.testing.assert_array_equal(counts, expected)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_split_counted_and_merged_equals_whole(seed):
    rng = np.random.RandomState(seed)
    whole, left, right = (ThresholdSweep(5) for _ in range(3))
    for index in range(4):
        seeds, gt = random_image(rng, 5)
        whole.update(*seeds.winner(), gt)
        half = left if index % 2 else right
        half.add(whole.count(*seeds.winner(), gt))
    left.merge(right)
    np.testing.assert_array_equal(left.histogram, whole.histogram)
    pixels = whole.histogram.sum()
    assert (whole.compute().sum((1, 2)) == pixels).all()
    assert len(np.unique(whole.compute().sum(2), axis=0)) == 1  # what is true does not move


def test_background_wins_ties_in_float32():
    score = np.float32([[0.35, 0.1]])  # float32(0.1) > 0.1 in float64
    sweep = ThresholdSweep(2, [0.1, 0.35])
    sweep.update(np.ones((1, 2), np.uint8), score, np.ones((1, 2), np.uint8))
    assert sweep.compute()[:, 1].tolist() == [[1, 1], [2, 0]]


def test_threshold_one_leaves_only_background():
    seeds, gt = random_image(np.random.RandomState(0), 4)
    sweep = ThresholdSweep(4, [0.0, 1.0])
    sweep.update(*seeds.winner(), gt)
    assert not sweep.compute()[1, :, 1:].any()


def test_counts_are_sparse():
    sweep = ThresholdSweep(81)
    rng = np.random.RandomState(0)
    counts = sweep.count(np.full((64, 64), 7), rng.rand(64, 64), rng.choice([0, 8], (64, 64)))
    assert len(counts.cells) <= 202 and counts.counts.sum() == 64 * 64


ONE = np.ones((1, 1), np.uint8)


@pytest.mark.parametrize(
    ('label', 'score', 'gt', 'message'),
    [
        (ONE, np.ones((1, 2)), ONE, r'\(1, 1\), score \(1, 2\) .* differ in size'),
        (ONE, np.full((1, 1), np.nan), ONE, 'finite, found nan'),
        (ONE, np.full((1, 1), np.inf), ONE, 'finite, found inf'),
        (ONE * 3, np.ones((1, 1)), ONE, 'predicted labels must lie in 0..2, found 3..3'),
        (ONE, np.ones((1, 1)), ONE * 9, r'true labels must be 0..2 or 255, found \[9\]'),
        (ONE, np.ones((1, 1)), np.full((1, 1), 300), 'true labels must lie in 0..255'),
        (ONE, np.ones((1, 1)), np.full((1, 1), -1), 'true labels must lie in 0..255, found -1'),
    ],
)
def test_bad_images_are_refused(label, score, gt, message):
    sweep = ThresholdSweep(3)
    with pytest.raises(ValueError, match=message):
        sweep.update(label, score, gt)
    assert not sweep.histogram.any()


@pytest.mark.parametrize(
    'grid', [[], [-0.1, 0.2], [0.2, 0.1], [0.1, 0.1 + 1e-12], [[0.1]], [np.nan]]
)
def test_bad_grids_are_refused(grid):
    with pytest.raises(ValueError, match='at least 0 and ascend'):
        threshold_grid(grid)


def test_other_sweeps_are_refused():
    with pytest.raises(ValueError, match='num_classes must be 2..255'):
        ThresholdSweep(256)
    with pytest.raises(ValueError, match='cannot merge sweeps over 3 classes'):
        ThresholdSweep(3, [0.1]).merge(ThresholdSweep(3, [0.2]))


def test_default_grid():
    grid = threshold_grid()
    assert len(grid) == 100 and grid[0] == 0 and grid[15] == 0.15 and grid[-1] == 0.99


def test_search():
    curve = np.array([1, 2, 2, 5, 4])
    assert search_threshold(curve) == 3
    assert search_threshold(curve, early_stop=True) == 1  # a plateau stops it
    assert search_threshold([1, 2, 3], early_stop=True) == 2
    assert search_threshold([3], early_stop=True) == 0
