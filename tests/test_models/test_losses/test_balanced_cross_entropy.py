"""``BalancedCrossEntropyLoss``."""

import pytest
import torch
import torch.nn.functional as F

from mmwsss.models import BalancedCrossEntropyLoss

LABEL = torch.tensor([[[0, 0, 0, 2], [0, 255, 1, 0]]])


def test_halves():
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 2, 4)
    each = F.cross_entropy(logits, LABEL, reduction='none', ignore_index=255)
    expected = (each[LABEL == 0].mean() + each[(LABEL == 1) | (LABEL == 2)].mean()) / 2
    torch.testing.assert_close(BalancedCrossEntropyLoss()(logits, LABEL), expected)


@pytest.mark.parametrize('kind', [0, 1])
def test_a_batch_of_one_kind_loses_the_other_half(kind):
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    label = torch.full((2, 4, 4), kind)
    loss = BalancedCrossEntropyLoss()(logits, label)
    torch.testing.assert_close(loss, F.cross_entropy(logits, label) / 2)
    loss.backward()
    assert logits.grad.isfinite().all()
    assert BalancedCrossEntropyLoss(guarded=False)(logits, label).isnan(), 'as published'


def test_everything_ignored():
    logits = torch.randn(1, 3, 2, 2, requires_grad=True)
    loss = BalancedCrossEntropyLoss()(logits, torch.full((1, 2, 2), 255))
    loss.backward()
    assert loss == 0 and (logits.grad == 0).all()
