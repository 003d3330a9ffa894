"""CTI's normalisation of maps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.max_norm import max_normalize


def test_values():
    """CTI, acceptance check 2."""
    got = max_normalize(torch.tensor([[[0.0, 1], [2, 4]]])).flatten().tolist()
    assert got == pytest.approx([0, 0.24999687, 0.49999624, 0.99999499], abs=1e-8)


@given(seed=st.integers(0, 999), scale=st.floats(1e-2, 1e3), shift=st.floats(-3, 3))
@settings(max_examples=25, deadline=None)
def test_in_range_and_in_order(seed, scale, shift):
    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(seed)) * scale + shift
    y = max_normalize(x)
    assert y.min() >= 0 and y.max() <= 1
    above = (x[..., :-1] > x[..., 1:]) & (y[..., :-1] < y[..., 1:])
    assert not above.any()


@pytest.mark.parametrize('value', [0.0, -1.0, 2.5])
def test_a_map_of_one_value_is_0(value):
    x = torch.full((1, 3, 4), value, requires_grad=True)
    y = max_normalize(x)
    y.sum().backward()
    assert not y.any() and x.grad.isfinite().all()


def test_maximum_and_minimum_carry_gradient():
    x = torch.tensor([[[1.0, 2.0, 4.0]]], requires_grad=True)
    max_normalize(x)[..., 1].sum().backward()
    # (2 - m) / (M - m): 1/3 by itself, -2/9 by the minimum, -1/9 by the maximum.
    expected = torch.tensor([[[-2 / 9, 1 / 3, -1 / 9]]])
    torch.testing.assert_close(x.grad, expected, rtol=1e-4, atol=1e-4)
