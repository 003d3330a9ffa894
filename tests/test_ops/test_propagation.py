import pytest
import torch

from mmwsss.ops.propagation import propagate


def plain(maps, features):
    """As SEAM writes it down."""
    flat = features.flatten(2)
    flat = flat / (flat.norm(dim=1, keepdim=True) + 1e-5)
    weights = (flat.mT @ flat).relu()
    weights = weights / (weights.sum(1, keepdim=True) + 1e-5)
    return (maps.flatten(2) @ weights).view(maps.shape)


@pytest.mark.parametrize('budget', [0, 256])
def test_equals_the_plain_formula(budget):
    maps, features = torch.randn(2, 3, 5, 6), torch.randn(2, 7, 5, 6)
    with torch.no_grad():
        got = propagate(maps, features, budget_mib=budget)
    torch.testing.assert_close(got, plain(maps, features))


def test_gradients_reach_both():
    values = [torch.randn(1, 2, 4, 4, requires_grad=True) for _ in range(4)]
    (propagate(*values[:2]) ** 2).sum().backward()
    copies = [value.detach().clone().requires_grad_() for value in values[:2]]
    (plain(*copies) ** 2).sum().backward()
    for value, copy in zip(values, copies, strict=False):
        torch.testing.assert_close(value.grad, copy.grad, rtol=1e-4, atol=1e-5)


def test_maps_of_one_value_stay():
    got = propagate(torch.full((1, 2, 4, 5), 3.0), torch.rand(1, 6, 4, 5))
    torch.testing.assert_close(got, torch.full((1, 2, 4, 5), 3.0), rtol=1e-4, atol=1e-4)


def test_large_grids_and_logits_in_half_precision():
    """A sum over all positions is beyond float16."""
    maps, features = torch.rand(1, 2, 48, 48) * 100, torch.rand(1, 6, 48, 48)
    expected = propagate(maps, features)
    with torch.autocast('cpu', torch.float16):
        torch.testing.assert_close(propagate(maps, features), expected)
        half = propagate(maps.half(), features.half())
    torch.testing.assert_close(half.float(), expected, rtol=5e-3, atol=5e-3)
