"""Affinities of pairs of nearby positions, and their training labels."""

from functools import reduce
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mmwsss.ops.path_index import paths, scan_directions, view


def path_max(maps: Tensor, path: tuple[tuple[int, int], ...], radius: int) -> Tensor:
    """Largest value on the path from every source to its destination.

    Uses slices and a running maximum instead of gathering by index.

    Args:
        maps: Shape: (..., h, w).
        path: One of :func:`~mmwsss.ops.path_index.paths`.
        radius: Of the pairs.

    Returns:
        Shape: (..., h', w'), see :func:`~mmwsss.ops.path_index.view`.
    """
    return reduce(torch.maximum, (view(maps, offset, radius) for offset in path))


def edge_affinity(edges: Tensor, radius: int) -> Tensor:
    """Affinity from class boundaries: 1 minus the strongest edge on the path (IRN, eq. 2).

    Args:
        edges: In [0, 1]. Shape: (N, h, w).
        radius: Of the pairs.

    Returns:
        In the order of :func:`~mmwsss.ops.path_index.paths`. Shape: (N, D, h', w').
    """
    return 1 - torch.stack([path_max(edges, path, radius) for path in paths(radius)], 1)


def feature_affinity(features: Tensor, radius: int) -> Tensor:
    """Affinity from features: ``exp(-mean |f_i - f_j|)`` (AffinityNet, eq. 2).

    With gradients, only one direction's feature differences are in memory at a time.

    Args:
        features: Shape: (N, F, h, w).
        radius: Of the pairs.

    Returns:
        In the order of :func:`~mmwsss.ops.path_index.scan_directions`. Shape: (N, D, h', w').
    """

    def affinity(features: Tensor, direction: tuple[int, int]) -> Tensor:
        difference = view(features, direction, radius) - view(features, (0, 0), radius)
        return (-difference.abs().mean(1)).exp()

    if features.requires_grad and torch.is_grad_enabled():
        rows = [
            checkpoint(affinity, features, direction, use_reentrant=False, preserve_rng_state=False)
            for direction in scan_directions(radius)
        ]
    else:
        rows = [affinity(features, direction) for direction in scan_directions(radius)]
    return torch.stack(rows, 1)


class PairLabels(NamedTuple):
    """Kind of each pair by its labels; a pair with an unlabelled position is in none of them.

    Args:
        bg: Both positions are background. Bool.
        fg: Both have the same foreground class. Bool.
        neg: They have different classes. Bool.
    """

    bg: Tensor
    fg: Tensor
    neg: Tensor


def pair_labels(labels: Tensor, direction: tuple[int, int], radius: int) -> PairLabels:
    """Compare the labels of all pairs in one direction.

    Args:
        labels: 0 background, 1.. classes, 255 unlabelled. Shape: (..., h, w).
        direction: ``(dy, dx)``.
        radius: Of the pairs.

    Returns:
        Three masks. Shape: (..., h', w').
    """
    source, target = view(labels, (0, 0), radius), view(labels, direction, radius)
    labelled = (source < 255) & (target < 255)
    same = (source == target) & labelled
    return PairLabels(same & (source == 0), same & (source > 0), labelled & ~same)


def edge_stencil(edges: Tensor, radius: int) -> Tensor:
    """Edge affinities of all pairs on the grid, for :func:`~mmwsss.ops.random_walk.random_walk`.

    The grid is padded with edges, so that every pair on the grid has an affinity and none leads
    outside (IRN's padding).

    Args:
        edges: In [0, 1]. Shape: (N, h, w).
        radius: Of the pairs.

    Returns:
        ``[n, d, y, x]`` is the affinity of (y, x) and its destination in direction d; 0 if that is
        outside the grid. Shape: (N, D, h, w).
    """
    margin = radius - 1
    return edge_affinity(F.pad(edges, (margin, margin, 0, margin), value=1), radius)


def feature_stencil(features: Tensor, radius: int, pad: bool = False) -> Tensor:
    """Feature affinities of the pairs on the grid, for the random walk.

    Args:
        features: Shape: (N, F, h, w).
        radius: Of the pairs.
        pad: Use all pairs on the grid. By default, as in AffinityNet's code, pairs whose source is
            in the last ``radius - 1`` rows, or in as many columns at either side, are left out.

    Returns:
        As from :func:`edge_stencil`. Shape: (N, D, h, w).
    """
    margin = radius - 1
    border = (margin, margin, 0, margin)
    if not pad:
        if min(features.shape[-2] - margin, features.shape[-1] - 2 * margin) < 1:
            return features.new_zeros(
                (len(features), len(scan_directions(radius)), *features.shape[-2:])
            )
        return F.pad(feature_affinity(features, radius), border)
    inside = F.pad(torch.ones_like(features[:1, 0]), border)
    on_grid = torch.stack([view(inside, d, radius) for d in scan_directions(radius)], 1)
    return feature_affinity(F.pad(features, border), radius) * on_grid
