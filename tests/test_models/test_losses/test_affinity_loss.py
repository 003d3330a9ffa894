import torch

from mmwsss.models.losses import affinity_loss
from mmwsss.models.losses.affinity_loss import irn_losses, psa_losses
from mmwsss.ops.affinity import edge_affinity, feature_affinity, pair_labels
from mmwsss.ops.path_index import path_directions, scan_directions, view

RADIUS = 4


def labels():
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(0, 4, (2, 9, 12), generator=generator)
    return torch.where(values == 3, 255, values).to(torch.uint8)


def masks(directions):
    pairs = [pair_labels(labels(), direction, RADIUS) for direction in directions]
    return [torch.stack(kind, 1) for kind in zip(*pairs, strict=True)]


def mean(values, mask):
    return (values * mask).sum() / (mask.sum() + 1e-5)


def test_psa_losses():
    affinity = feature_affinity(torch.rand(2, 3, 9, 12), RADIUS)
    bg, fg, neg = masks(scan_directions(RADIUS))
    got = psa_losses(affinity, labels(), RADIUS)
    torch.testing.assert_close(got.bg, mean(-(affinity + 1e-5).log(), bg))
    torch.testing.assert_close(got.fg, mean(-(affinity + 1e-5).log(), fg))
    torch.testing.assert_close(got.neg, mean(-(1 + 1e-5 - affinity).log(), neg))


def test_irn_losses_and_gradients():
    edges = torch.rand(2, 9, 12, requires_grad=True)
    displacement = torch.randn(2, 2, 9, 12, requires_grad=True)
    directions = path_directions(RADIUS)
    bg, fg, neg = masks(directions)
    affinity = edge_affinity(edges, RADIUS)
    source = view(displacement, (0, 0), RADIUS)
    difference = torch.stack([source - view(displacement, d, RADIUS) for d in directions], 2)
    offset = torch.tensor(directions).T[:, :, None, None]
    expected = (
        mean(-(affinity + 1e-5).log(), bg),
        mean(-(affinity + 1e-5).log(), fg),
        mean(-(1 + 1e-5 - affinity).log(), neg),
        ((difference - offset).abs() * fg[:, None]).sum() / (2 * fg.sum() + 1e-5),
        (difference.abs() * bg[:, None]).sum() / (2 * bg.sum() + 1e-5),
    )
    got = irn_losses(edges, displacement, labels(), RADIUS)
    torch.testing.assert_close(tuple(got), expected)
    inputs = (edges, displacement)
    torch.testing.assert_close(
        torch.autograd.grad(sum(got), inputs), torch.autograd.grad(sum(expected), inputs)
    )


def test_labels_without_pairs_cost_nothing():
    blank = torch.full((1, 9, 12), 255, dtype=torch.uint8)
    assert sum(irn_losses(torch.rand(1, 9, 12), torch.rand(1, 2, 9, 12), blank, RADIUS)) == 0


def test_processes_share_their_pairs(monkeypatch):
    """Two processes with the same batch: each has the loss of one."""
    edges, displacement = torch.rand(2, 9, 12), torch.rand(2, 2, 9, 12)
    alone = irn_losses(edges, displacement, labels(), RADIUS)
    monkeypatch.setattr(affinity_loss, 'get_world_size', lambda: 2)
    monkeypatch.setattr(affinity_loss, 'all_reduce', lambda count: count.mul_(2))
    torch.testing.assert_close(irn_losses(edges, displacement, labels(), RADIUS), alone)
