import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import grey_dilation
from skimage.feature import peak_local_max

from mmwsss.ops.peaks import pick_points


def reference(one, threshold, distance):
    """The published steps on one map, points as (x, y)."""
    row, column = np.unravel_index(one.argmax(), one.shape)
    dilated = grey_dilation(one, (3, 3), mode='constant', cval=0)
    peaks = peak_local_max(dilated, min_distance=distance)
    peaks = np.array([p for p in peaks if one[tuple(p)] > threshold][1:]).reshape(-1, 2)
    return np.concatenate([[[column, row]], peaks[:, ::-1]]).astype(int)


def reference_peaks(one, distance):
    return peak_local_max(one, min_distance=distance)


def blobs(size, places):
    y, x = np.mgrid[: size[0], : size[1]]
    return sum(
        h * np.exp(-((y - r) ** 2 + (x - c) ** 2) / 30) for r, c, h in places
    ) + np.zeros(size)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 9999),
    count=st.integers(1, 3),
    threshold=st.sampled_from((0.1, 0.5)),
    distance=st.integers(2, 9),
)
def test_equals_scikit_image(seed, count, threshold, distance):
    rng = np.random.RandomState(seed)
    size = rng.randint(2 * distance + 3, 60, 2)
    maps = []
    for _ in range(count):
        places = [(*(rng.rand(2) * size), 0.3 + 0.7 * rng.rand()) for _ in range(rng.randint(1, 8))]
        one = blobs(size, places)
        maps.append((one / one.max()).astype(np.float32))
    got = pick_points(torch.from_numpy(np.stack(maps)), threshold=threshold, min_distance=distance)
    for points, one in zip(got, maps, strict=True):
        np.testing.assert_array_equal(points, reference(one, threshold, distance))


def test_published_example():
    """Three peaks, the last too low; dilation moves the second one up and to the left."""
    one = blobs((128, 128), [(40, 60, 1), (90, 30, 0.8), (100, 100, 0.45)])
    (points,) = pick_points(torch.from_numpy(one)[None].float())
    assert points.tolist() == [[60, 40], [29, 89]] and points.dtype == np.int64


def test_first_valid_peak_is_dropped_though_not_the_global_one():
    """The global maximum lies too near to the border to be found among the local ones."""
    one = blobs((128, 128), [(5, 60, 1), (70, 70, 0.9), (100, 25, 0.8)])
    maps = torch.from_numpy(one)[None].float()
    (points,) = pick_points(maps)
    assert points.tolist() == [[60, 5], [24, 99]]
    (mended,) = pick_points(maps, legacy=False)
    assert mended.tolist() == [[60, 5], [70, 70], [25, 100]]


def test_equal_peaks_at_the_least_distance():
    """Exactly ``min_distance`` apart both stay; a pixel nearer only the first."""
    for apart, kept in ((20, 3), (19, 2)):
        one = torch.zeros(1, 100, 100)
        one[0, 30, 30] = 0.9
        one[0, 60, 30] = one[0, 60, 30 + apart] = 0.8
        assert len(pick_points(one, legacy=False)[0]) == kept
        assert len(reference_peaks(one[0].numpy(), 20)) == kept


@pytest.mark.parametrize('legacy', [True, False])
def test_constant_map_gives_its_first_pixel(legacy):
    for value in (0.0, 1.0):
        points = pick_points(torch.full((2, 50, 60), value), legacy=legacy)
        assert [p.tolist() for p in points] == [[[0, 0]], [[0, 0]]]


def test_maps_smaller_than_the_border():
    one = torch.rand(1, 15, 9)
    (points,) = pick_points(one)
    assert len(points) == 1 and one[0, points[0, 1], points[0, 0]] == one.max()


def test_no_maps():
    assert pick_points(torch.zeros(0, 20, 20)) == []
    with pytest.raises(ValueError, match='min_distance is at least 1, found 0'):
        pick_points(torch.zeros(1, 5, 5), min_distance=0)
