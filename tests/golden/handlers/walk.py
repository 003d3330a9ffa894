"""Path index, affinities from edges, random walk and IRN's label step."""

import re
from dataclasses import replace

import numpy as np
import torch

from mmwsss.models.affinity.irn import IRNWalkCfg, walk_within_edges
from mmwsss.ops.affinity import edge_stencil, pair_labels
from mmwsss.ops.path_index import path_directions, paths
from mmwsss.ops.random_walk import random_walk, transition_matrix
from mmwsss.structures import Seeds
from tests.golden.handlers import NUMBER, handles, numbers
from tests.golden.tolerance import EXACT, tolerance
from tests.grid_pairs import pair_indices


def radius_of(pairs):
    """Radius at which there are as many directions as in pairs' values (..., D, sources)."""
    return next(r for r in range(2, 20) if len(path_directions(r)) == pairs.shape[-2])


def grouped(radius):
    """Paths in arrays of equal length. Shape of each: (directions, points, 2)."""
    lengths = sorted({len(path) for path in paths(radius)})
    return [np.array([path for path in paths(radius) if len(path) == n]) for n in lengths]


def flat_paths(size, radius):
    """Flat positions of each group's points. Shape of each: (directions, points, sources)."""
    source, _ = pair_indices(size, path_directions(radius), radius)
    return [(group @ (size[1], 1))[..., None] + source for group in grouped(radius)]


def dense_affinity(stencil, directions):
    """Symmetric matrix with a unit diagonal of one image's stencil (D, h, w)."""
    directions_count, height, width = stencil.shape
    matrix = torch.eye(height * width, dtype=stencil.dtype)
    weights = stencil.reshape(directions_count, -1)
    for (dy, dx), row in zip(directions, weights, strict=True):
        source = row.nonzero()[:, 0]
        target = source + dy * width + dx
        matrix[source, target] = matrix[target, source] = row[source]
    return matrix


@handles('refine', 'irn_path_index')
def irn_path_index(spec, arrays, folder):
    size, radius = tuple(arrays['in_size'].tolist()), int(arrays['in_radius'])
    directions = path_directions(radius)
    source, target = pair_indices(size, directions, radius)
    got = {'src': source, 'dst': target, 'search_dst': np.array(directions)}
    for index, (coords, flat) in enumerate(
        zip(grouped(radius), flat_paths(size, radius), strict=True)
    ):
        got |= {f'coords{index}': coords, f'path{index}': flat}
    other, *large = map(int, numbers(spec['notes'], r'radius (\d+) on (\d+)x(\d+)'))
    flat = flat_paths(large, other)
    source, target = pair_indices(large, path_directions(other), other)
    got |= {
        f'search_dst_r{other}': np.array(path_directions(other)),
        f'group_sizes_r{other}': np.array([group.shape for group in flat]),
        f'dst_r{other}_sum': np.array([target.sum(), source.sum(), sum(g.sum() for g in flat)]),
    }
    return {name: (value, arrays[f'out_{name}'], EXACT) for name, value in got.items()}


@handles('refine', 'irn_aff_labels')
def irn_aff_labels(spec, arrays, folder):
    radius = radius_of(arrays['out_bg'])
    got = flat_labels(arrays['in_label'], path_directions(radius), radius)
    return {name: (value, arrays[f'out_{name}'], EXACT) for name, value in got.items()}


def flat_labels(label, directions, radius):
    """Pair labels of all directions as the cases hold them. Shape of each: (D, sources), uint8."""
    labels = torch.from_numpy(label)
    pairs = [pair_labels(labels, direction, radius) for direction in directions]
    return {
        name: torch.stack([getattr(pair, name) for pair in pairs])
        .flatten(1)
        .to(torch.uint8)
        .numpy()
        for name in ('bg', 'fg', 'neg')
    }


@handles('refine', 'irn_walk')
def irn_walk(spec, arrays, folder):
    edge, cam = torch.from_numpy(arrays['in_edge']), torch.from_numpy(arrays['in_cam'])
    radius = int(numbers(spec['notes'], r'[Rr]adius (\d+)')[0])
    directions, stencil = path_directions(radius), edge_stencil(edge, radius)
    start = (cam * (1 - edge))[None]
    close = tolerance(spec, 'rw:')
    results = {}
    for name in arrays:
        if found := re.fullmatch(r'out_(rw_b(\d+)_t(\d+))', name):
            beta, steps = int(found[2]), int(found[3])
            for method in ('sparse', 'stencil'):
                got = random_walk(
                    start, stencil, directions, beta=beta, log_steps=steps, method=method
                )
                results[found[1] if method == 'sparse' else f'{found[1]} {method}'] = (
                    got[0].numpy(),
                    arrays[name],
                    close,
                )
            # Our rows are the reference's columns; they sum to 1 after any number of steps.
            sums = transition_matrix(stencil[0].double() ** beta, directions).sum(1)
            column = f'trans_colsum_b{beta}_t{steps}'
            results[column] = (sums, arrays[f'out_{column}'], close)
    (name,) = (name for name in arrays if name.startswith('out_f64_rw_'))
    beta, steps = (int(number) for number in re.search(r'_b(\d+)_t(\d+)', name).groups())
    exact = random_walk(start.double(), stencil.double(), directions, beta=beta, log_steps=steps)[
        0
    ].numpy()
    results[name[4:]] = (exact, arrays[name], tolerance(spec, 'f64'))
    dense = dense_affinity(stencil[0], directions)
    rows = [0, 5, len(dense) // 2, len(dense) - 1]
    results['dense_aff_rows'] = (dense[rows].numpy(), arrays['out_dense_aff_rows'], close)
    double = dense.double()
    statistics = np.array([double.mean(), double.std(unbiased=False), double.abs().sum()])
    single = replace(close, rtol=1e-6)  # the sum is in the thousands
    results['dense_aff_stats'] = (statistics, arrays['out_dense_aff_stats'], single)
    size = tuple(arrays['in_size'].tolist())
    (background,) = numbers(spec['notes'], rf'background {NUMBER}')
    # The walk of the label is the one that the case holds in float64, too.
    cfg = IRNWalkCfg(radius=radius, beta=beta, log_steps=steps, background=background)
    scores = walk_within_edges(cam[None], edge, cfg, size)[0].numpy()
    thin = -(-size[0] // arrays['out_rw_up'].shape[1])
    results['rw_up'] = (scores[:, ::thin, ::thin], arrays['out_rw_up'], close)
    label = Seeds(arrays['in_keys'], scores).to_mask(cfg.background)
    results['label'] = (label, arrays['out_label'], tolerance(spec, 'label'))
    return results
