import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.affinity import (
    edge_affinity,
    edge_stencil,
    feature_affinity,
    feature_stencil,
    pair_labels,
)
from mmwsss.ops.path_index import path_directions, paths, scan_directions
from tests.grid_pairs import pair_indices


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 1000))
def test_edge_affinity_is_brute_force(radius, more_rows, more_columns, seed):
    margin = radius - 1
    height, width = margin + 1 + more_rows, 2 * margin + 1 + more_columns
    edges = torch.from_numpy(np.random.RandomState(seed).rand(2, height, width))
    got = edge_affinity(edges, radius).flatten(2)
    source, _ = pair_indices((height, width), path_directions(radius), radius)
    flat = edges.flatten(1)
    for direction, path in enumerate(paths(radius)):
        between = torch.tensor(path) @ torch.tensor([width, 1])
        values = flat[:, torch.from_numpy(source)[:, None] + between]
        torch.testing.assert_close(got[:, direction], 1 - values.amax(-1))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 7), st.integers(1, 9), st.integers(0, 1000))
def test_edge_stencil_knows_all_pairs_on_the_grid(height, width, seed):
    edges = torch.from_numpy(np.random.RandomState(seed).rand(1, height, width))
    got = edge_stencil(edges, 4)[0]
    assert got.shape == (len(paths(4)), height, width)
    for direction, path in enumerate(paths(4)):
        for y, x in np.ndindex(height, width):
            points = [(y + dy, x + dx) for dy, dx in path]
            inside = all(0 <= py < height and 0 <= px < width for py, px in points)
            expected = 1 - max(edges[0, py, px] for py, px in points) if inside else 0
            assert got[direction, y, x] == expected


def test_feature_affinity_and_its_gradient():
    features = torch.rand(2, 3, 8, 11, dtype=torch.float64, requires_grad=True)
    got = feature_affinity(features, 4)
    source, target = pair_indices((8, 11), scan_directions(4), 4)
    flat = features.flatten(2)
    pairs = (flat[..., torch.from_numpy(target)] - flat[:, :, None, torch.from_numpy(source)]).abs()
    expected = (-pairs.mean(1)).exp()
    torch.testing.assert_close(got.flatten(2), expected)
    grad = torch.autograd.grad(got.square().sum(), features, retain_graph=True)[0]
    torch.testing.assert_close(grad, torch.autograd.grad(expected.square().sum(), features)[0])


def test_feature_stencil_with_and_without_the_border():
    features = torch.rand(1, 3, 9, 12)
    as_published, padded = feature_stencil(features, 4), feature_stencil(features, 4, pad=True)
    assert as_published.shape == padded.shape == (1, len(scan_directions(4)), 9, 12)
    known = as_published > 0
    assert torch.equal(as_published[known], padded[known])
    # Sources in the last three rows or the outer three columns.
    assert not known[..., -3:, :].any()
    assert not known[..., :3].any()
    assert not known[..., -3:].any()
    for index, (dy, dx) in enumerate(scan_directions(4)):
        on_grid = torch.zeros(9, 12, dtype=torch.bool)
        on_grid[: 9 - dy, max(-dx, 0) : 12 - max(dx, 0)] = True
        assert torch.equal(padded[0, index] > 0, on_grid)


def test_feature_stencil_of_a_grid_without_pairs():
    assert not feature_stencil(torch.rand(1, 3, 4, 30), 5).any()
    assert feature_stencil(torch.rand(1, 3, 4, 30), 5, pad=True).any()


def test_pair_labels():
    labels = torch.zeros(3, 7, dtype=torch.uint8)
    labels[0] = torch.tensor([9, 9, 0, 0, 5, 5, 255])
    bg, fg, neg = pair_labels(labels, (0, 1), 2)
    assert bg[0].tolist() == [False, True, False, False, False]
    assert fg[0].tolist() == [False, False, False, True, False]
    assert neg[0].tolist() == [True, False, True, False, False]
