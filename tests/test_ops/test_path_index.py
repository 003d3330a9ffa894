import numpy as np
import pytest
import torch

from mmwsss.ops.path_index import (
    fitting_radius,
    path_directions,
    paths,
    scan_directions,
    view,
)
from tests.grid_pairs import pair_indices


def test_number_and_order_of_directions():
    assert len(paths(5)) == 34
    assert len(paths(10)) == 152
    assert sorted(path_directions(5)) == sorted(scan_directions(5))
    assert path_directions(5)[:8] == (
        *((0, 1), (1, 0), (0, 2), (2, 0), (0, 3)),
        *((1, -1), (1, 1), (3, 0)),
    )


def test_path_of_a_knights_move():
    path = next(path for path in paths(5) if path[0] == (2, 1))
    assert path == ((2, 1), (1, 1), (2, 0), (0, 1), (1, 0), (0, 0))


def test_paths_lie_near_the_line_and_end_at_the_source():
    for path in paths(6):
        dy, dx = path[0]
        assert path[-1] == (0, 0)
        assert len(set(path)) == len(path)
        for y, x in path:
            assert (dy * x - dx * y) ** 2 < dy * dy + dx * dx
            assert 0 <= y <= dy
            assert min(0, dx) <= x <= max(0, dx)


def test_view_and_indices_agree():
    radius, size = 4, (9, 11)
    flat = torch.arange(99).view(1, *size)
    source, target = pair_indices(size, path_directions(radius), radius)
    np.testing.assert_array_equal(view(flat, (0, 0), radius).flatten(), source)
    for row, direction in zip(target, path_directions(radius), strict=True):
        np.testing.assert_array_equal(view(flat, direction, radius).flatten(), row)


def test_grid_without_pairs():
    with pytest.raises(ValueError, match=r'a grid of \(4, 20\) has no pairs of radius 5'):
        view(torch.zeros(4, 20), (0, 0), 5)


def test_radius():
    with pytest.raises(ValueError, match='radius must be at least 2, found 1'):
        scan_directions(1)


@pytest.mark.parametrize('size, radius', [((11, 20), 5), ((10, 20), 4), ((30, 8), 3), ((2, 2), 2)])
def test_radius_shrinks_on_small_grids(size, radius):
    assert fitting_radius(size, 5) == radius
