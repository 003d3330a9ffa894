import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.affinity import edge_stencil
from mmwsss.ops.path_index import path_directions
from mmwsss.ops.random_walk import random_walk, transition_matrix

METHODS = ('sparse', 'stencil')


def dense_walk(maps, stencil, directions, beta, log_steps):
    """The published way: a dense matrix, squared."""
    channels, height, width = maps.shape[1:]
    walked = []
    for image, weights in zip(maps, stencil, strict=True):
        matrix = torch.eye(height * width, dtype=torch.float64)
        for (dy, dx), row in zip(directions, weights.flatten(1).double(), strict=True):
            source = row.nonzero()[:, 0]
            target = source + dy * width + dx
            matrix[source, target] = matrix[target, source] = row[source]
        matrix = matrix**beta
        matrix = matrix / matrix.sum(0)
        for _ in range(log_steps):
            matrix = matrix @ matrix
        walked.append((image.flatten(1).double() @ matrix).view(channels, height, width))
    return torch.stack(walked)


def case(seed, images, channels, height, width, sparsity=0.3):
    rng = np.random.RandomState(seed)
    edges = rng.rand(images, height, width) * (rng.rand(images, height, width) > sparsity)
    return torch.from_numpy(rng.rand(images, channels, height, width)), torch.from_numpy(edges)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 1000),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 10)),
    st.integers(0, 6),
    st.sampled_from([1, 2.5, 10]),
    st.integers(2, 5),
)
def test_walk_is_the_dense_power(seed, shape, log_steps, beta, radius):
    maps, edges = case(seed, *shape)
    directions, stencil = path_directions(radius), edge_stencil(edges, radius)
    expected = dense_walk(maps, stencil, directions, beta, log_steps)
    for method in METHODS:
        got = random_walk(maps, stencil, directions, beta=beta, log_steps=log_steps, method=method)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize('method', METHODS)
def test_a_row_without_edges(method):
    maps = torch.tensor([[[[1.0, 0, 0]]]])
    stencil = edge_stencil(torch.zeros(1, 1, 3), 5)
    got = random_walk(maps, stencil, path_directions(5), log_steps=0, method=method)
    torch.testing.assert_close(got, torch.full_like(maps, 1 / 3))


@pytest.mark.parametrize('method', METHODS)
def test_averages_stay_within_the_values(method):
    maps, edges = case(0, 2, 2, 12, 15)
    maps[:, 1] = 0.25
    got = random_walk(maps, edge_stencil(edges, 5), path_directions(5), method=method)
    assert maps[:, 0].min() < got[:, 0].min() < got[:, 0].max() < maps[:, 0].max()
    torch.testing.assert_close(got[:, 1], maps[:, 1])


def test_transition_matrix():
    _, edges = case(1, 1, 1, 10, 12, sparsity=0)
    matrix = transition_matrix(edge_stencil(edges, 5)[0], path_directions(5))
    np.testing.assert_allclose(matrix.sum(1), 1)
    assert matrix.nnz <= 120 * 69
    assert (matrix.diagonal() > 0).all()


def test_budget_does_not_change_the_result():
    maps, edges = case(2, 2, 3, 20, 20)
    stencil, directions = edge_stencil(edges, 5), path_directions(5)
    options = dict(log_steps=3, method='stencil')
    small = random_walk(maps, stencil, directions, budget_mib=1, **options)
    assert torch.equal(small, random_walk(maps, stencil, directions, **options))


def test_nothing_to_walk():
    stencil = edge_stencil(torch.zeros(1, 6, 6), 5)
    assert random_walk(torch.zeros(1, 0, 6, 6), stencil, path_directions(5)).shape == (1, 0, 6, 6)


def test_type_is_kept():
    maps = torch.rand(1, 1, 6, 6)
    assert random_walk(maps, edge_stencil(maps[0], 5), path_directions(5)).dtype == torch.float32


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(maps=torch.rand(1, 1, 6, 7)), 'scores and affinities are of different sizes'),
        (dict(maps=torch.full((1, 1, 6, 6), torch.nan)), 'maps must be finite, found NaN'),
        (dict(stencil=torch.full((1, 34, 6, 6), torch.inf)), 'affinities must be finite'),
        (dict(method='dense'), "method must be 'auto', 'sparse' or 'stencil', found 'dense'"),
    ],
)
def test_bad_input(change, message):
    maps = torch.rand(1, 1, 6, 6)
    arguments = dict(maps=maps, stencil=edge_stencil(maps[0], 5), directions=path_directions(5))
    with pytest.raises(ValueError, match=message):
        random_walk(**{**arguments, **change})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_cuda_equals_cpu():
    maps, edges = case(3, 2, 3, 30, 40)
    stencil, directions = edge_stencil(edges, 5), path_directions(5)
    got = random_walk(maps.cuda(), stencil.cuda(), directions)
    assert got.is_cuda
    torch.testing.assert_close(got.cpu(), random_walk(maps, stencil, directions))
