import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from mmwsss.ops.contour import (
    band,
    contour_matches,
    contour_pixels,
    contour_radius,
    contour_scores,
    fill_nearest,
)

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 13))


def boundary(mask):
    """The published boundary map, pixel by pixel."""
    height, width = mask.shape
    found = np.zeros(mask.shape, bool)
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0), (1, 1)):
                if y + dy < height and x + dx < width:
                    found[y, x] |= mask[y, x] != mask[y + dy, x + dx]
    return found


def disk(radius):
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return y * y + x * x <= radius * radius


def dilation_matches(first, second, num_classes, radius):
    """The published way: two dilated boundary maps for each class."""
    rows = []
    for label in range(1, num_classes):
        one, two = boundary(first == label), boundary(second == label)
        near_one, near_two = (binary_dilation(x, disk(radius)) for x in (one, two))
        rows.append([(one & near_two).sum(), (two & near_one).sum(), one.sum(), two.sum()])
    return np.array(rows)


def blocks(rng, shape, num_classes):
    """Labels in blocks, some of them none of the classes."""
    small = rng.choice([*range(num_classes), 255], [-(-side // 3) for side in shape])
    return np.kron(small, np.ones((3, 3), int))[: shape[0], : shape[1]].astype(np.uint8)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), SHAPES, st.integers(2, 6), st.integers(1, 4))
def test_equals_dilation_of_each_class(seed, shape, num_classes, radius):
    rng = np.random.RandomState(seed)
    first, second = (blocks(rng, shape, num_classes) for _ in range(2))
    got = contour_matches(first, second, num_classes, radius)
    np.testing.assert_array_equal(got, dilation_matches(first, second, num_classes, radius))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), SHAPES, st.integers(2, 6))
def test_identical_maps_match_completely(seed, shape, num_classes):
    labels = blocks(np.random.RandomState(seed), shape, num_classes)
    counts = contour_matches(labels, labels, num_classes, 1)
    np.testing.assert_array_equal(counts[:, :2], counts[:, 2:])
    _, _, f = contour_scores(counts)
    assert set(f[~np.isnan(f)]) <= {1.0}
    present = set(contour_pixels(labels, num_classes)[0].tolist())
    assert {label + 1 for label in np.flatnonzero(~np.isnan(f))} == present


def test_radius():
    assert contour_radius((375, 500)) == 5
    assert contour_radius((60, 80)) == 1
    assert contour_radius((427, 640)) == 7


def test_scores():
    counts = np.array([[6, 3, 8, 12], [0, 0, 0, 5], [0, 0, 4, 0], [0, 0, 0, 0], [0, 0, 2, 2]])
    precision, recall, f = contour_scores(counts)
    np.testing.assert_allclose(precision, [0.75, 1, 0, np.nan, 0])
    np.testing.assert_allclose(recall, [0.25, 0, 1, np.nan, 0])
    np.testing.assert_allclose(f, [0.375, 0, 0, np.nan, 0])


@pytest.mark.parametrize('width', [1, 2])
def test_band(width):
    labels = np.zeros((11, 12), np.uint8)
    labels[3:9, 4:10] = 7
    expected = np.full(labels.shape, 99)
    for y in range(11):
        for x in range(12):
            window = labels[max(0, y - width) : y + width + 1, max(0, x - width) : x + width + 1]
            if (window != labels[y, x]).any():
                expected[y, x] = labels[y, x]
    np.testing.assert_array_equal(band(labels, width, 99), expected)


def test_maps_of_different_sizes():
    with pytest.raises(ValueError, match=r'\(4, 5\) and \(4, 6\) differ in size'):
        contour_matches(np.zeros((4, 5), int), np.zeros((4, 6), int), 2, 1)


def test_fill_nearest():
    labels = np.array([[1, 9, 9, 9, 2]])
    known = labels != 9
    assert fill_nearest(labels, known)[0, [0, 1, 3, 4]].tolist() == [1, 1, 2, 2]
    for same in (np.ones(labels.shape, bool), np.zeros(labels.shape, bool)):
        assert fill_nearest(labels, same) is labels
