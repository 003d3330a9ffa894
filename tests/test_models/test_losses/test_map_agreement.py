"""Agreement of maps."""

import torch

from mmwsss.models import MapAgreementLoss
from mmwsss.ops.max_norm import max_normalize


def test_mean_absolute_difference_of_normalised_maps():
    first, second = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    expected = 0.3 * (max_normalize(first) - max_normalize(second)).abs().mean()
    torch.testing.assert_close(MapAgreementLoss(loss_weight=0.3)(first, second), expected)
    # Scale does not count.
    assert MapAgreementLoss()(first, first * 100) < 1e-3


def test_both_sides_learn():
    first, second = (torch.rand(1, 2, 4, 5, requires_grad=True) for _ in range(2))
    MapAgreementLoss()(first, second).backward()
    assert first.grad.any() and second.grad.any()


def test_half_precision_is_computed_in_float32():
    first, second = torch.rand(1, 2, 4, 5), torch.rand(1, 2, 4, 5)
    with torch.autocast('cpu', torch.bfloat16):
        value = MapAgreementLoss()(first.bfloat16(), second.bfloat16())
    expected = MapAgreementLoss()(first.bfloat16().float(), second.bfloat16().float())
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, expected)
