"""Losses of networks that learn pairwise affinities (AffinityNet, IRN)."""

from typing import NamedTuple

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mmwsss.ops.affinity import pair_labels, path_max
from mmwsss.ops.path_index import paths, scan_directions, view

EPS = 1e-5


class PSALosses(NamedTuple):
    """Mean losses over pairs: both background, of one class, of two classes."""

    bg: Tensor
    fg: Tensor
    neg: Tensor


def psa_losses(affinity: Tensor, labels: Tensor, radius: int) -> PSALosses:
    """Cross entropy of affinities, one mean per kind of pair (AffinityNet, eq. 4 and 5).

    Sums run over the whole batch, over all processes, before they are divided; the published total
    is ``bg / 4 + fg / 4 + neg / 2``.

    Args:
        affinity: From :func:`~mmwsss.ops.affinity.feature_affinity`. Shape: (N, D, h', w').
        labels: 0 background, 1.. classes, 255 unlabelled. Shape: (N, h, w).
        radius: Of the pairs.
    """
    pairs = [pair_labels(labels, direction, radius) for direction in scan_directions(radius)]
    bg, fg, neg = (torch.stack(masks, 1) for masks in zip(*pairs, strict=True))
    alike, unlike = -(affinity + EPS).log(), -(1 + EPS - affinity).log()
    return PSALosses(
        _mean((alike * bg).sum(), bg.sum()),
        _mean((alike * fg).sum(), fg.sum()),
        _mean((unlike * neg).sum(), neg.sum()),
    )


class IRNLosses(NamedTuple):
    """Mean losses over pairs: affinities as in :class:`PSALosses`, then displacements."""

    bg: Tensor
    fg: Tensor
    neg: Tensor
    disp_fg: Tensor
    disp_bg: Tensor


def irn_losses(edges: Tensor, displacement: Tensor, labels: Tensor, radius: int) -> IRNLosses:
    """IRN's losses of boundaries and displacements (eq. 5 to 10).

    Pairs of one foreground class should have no edge between them, and displacements that differ by
    their offset; pairs of background should have equal displacements; pairs of different classes
    should have an edge between them. Sums run over the whole
    batch, over all processes, before they are divided; the published total is
    ``((bg + fg) / 2 + neg) / 2 + (disp_fg + disp_bg) / 2``.

    Only one direction is in memory at a time, and it is computed again in the backward pass: at
    radius 10 a batch of the published size would otherwise need tens of gigabytes.

    Args:
        edges: In [0, 1]. Shape: (N, h, w).
        displacement: ``(dy, dx)`` towards the object's centre, in cells. Shape: (N, 2, h, w).
        labels: 0 background, 1.. classes, 255 unlabelled. Shape: (N, h, w).
        radius: Of the pairs.
    """

    def sums(edges: Tensor, displacement: Tensor, path: tuple[tuple[int, int], ...]) -> Tensor:
        bg, fg, neg = pair_labels(labels, path[0], radius)
        affinity = 1 - path_max(edges, path, radius)
        alike, unlike = -(affinity + EPS).log(), -(1 + EPS - affinity).log()
        offset = displacement.new_tensor(path[0])[:, None, None]
        difference = view(displacement, (0, 0), radius) - view(displacement, path[0], radius)
        pull, still = (difference - offset).abs().sum(1), difference.abs().sum(1)
        terms = (alike * bg, alike * fg, unlike * neg, pull * fg, still * bg)
        return torch.stack([x.sum() for x in (*terms, bg, fg, neg)])

    total = edges.new_zeros(8)
    for path in paths(radius):
        total = total + checkpoint(
            sums, edges, displacement, path, use_reentrant=False, preserve_rng_state=False
        )
    bg, fg, neg, disp_fg, disp_bg = total[:5]
    bg_pairs, fg_pairs, neg_pairs = total[5:].detach()
    return IRNLosses(
        _mean(bg, bg_pairs),
        _mean(fg, fg_pairs),
        _mean(neg, neg_pairs),
        _mean(disp_fg, 2 * fg_pairs),
        _mean(disp_bg, 2 * bg_pairs),
    )


def _mean(total: Tensor, count: Tensor) -> Tensor:
    """Mean over the pairs of all processes, scaled for gradients that are averaged over them."""
    count = count.to(total).clone()
    all_reduce(count)
    return get_world_size() * total / (count + EPS)
