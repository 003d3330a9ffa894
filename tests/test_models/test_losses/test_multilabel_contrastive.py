"""``MultiLabelContrastiveLoss``."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmwsss.models import MultiLabelContrastiveLoss
from mmwsss.registry import MODELS

S = torch.tensor([[2.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    'tags, expected',
    [
        ([1, 0, 0], math.log(math.exp(2) + math.e + 1) - 2),
        ([1, 1, 0], (0.126928 + 0.313262) / 2),
        ([1, 1, 1], 0.0),
        ([0, 0, 0], 0.0),
    ],
)
def test_values(tags, expected):
    loss = MODELS.build(dict(type='MultiLabelContrastiveLoss'))
    assert float(loss(S, torch.tensor([tags]))) == pytest.approx(expected, abs=1e-6)


def test_reductions():
    logits = torch.randn(3, 4)
    tags = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    single = [MultiLabelContrastiveLoss()(logits[i : i + 1], tags[i : i + 1]) for i in (0, 1)]
    mean = MultiLabelContrastiveLoss(reduction='sample_mean')(logits, tags)
    torch.testing.assert_close(mean, (single[0] + single[1]) / 2)
    pairs = MultiLabelContrastiveLoss(loss_weight=3.0)(logits, tags)
    torch.testing.assert_close(pairs, 2 * single[0] + single[1])


@given(shift=st.floats(-200, 200))
def test_a_common_shift_changes_nothing(shift):
    tags = torch.tensor([[1, 0, 1]])
    loss = MultiLabelContrastiveLoss()
    torch.testing.assert_close(loss(S + shift, tags), loss(S, tags), atol=1e-4, rtol=1e-4)


def test_no_class_still_has_a_gradient():
    logits = S.clone().requires_grad_()
    MultiLabelContrastiveLoss()(logits, torch.zeros(1, 3)).backward()
    assert logits.grad.abs().sum() == 0


def test_unknown_reduction():
    with pytest.raises(ValueError, match="reduction must be one of .* found 'mean'"):
        MultiLabelContrastiveLoss(reduction='mean')
