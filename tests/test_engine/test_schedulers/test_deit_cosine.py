"""The schedule of DeiT, as CTI has it."""

import math

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS as ROOT

from mmwsss.engine.schedulers import DeiTCosineLR


def optimizer_of(lr=6.25e-5):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(scheduler, optimizer, epochs):
    result = []
    for _ in range(epochs):
        result.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return result


def test_values():
    """CTI, acceptance check 3."""
    optimizer = optimizer_of()
    scheduler = ROOT.build(
        dict(type='mmwsss.DeiTCosineLR', end=60), default_args=dict(optimizer=optimizer)
    )
    assert scheduler.by_epoch
    got = rates(scheduler, optimizer, 60)
    assert got[:5] == pytest.approx([1e-6, 1.33e-5, 2.56e-5, 3.79e-5, 5.02e-5])
    assert got[5] == pytest.approx(6.1606e-5, abs=1e-9)
    assert got[59] == pytest.approx(1.00360e-5, abs=1e-10)
    assert got[30] == pytest.approx(1e-5 + (6.25e-5 - 1e-5) / 2)
    assert got[5:] == sorted(got[5:], reverse=True)


def test_without_a_warm_up():
    optimizer = optimizer_of(1.0)
    got = rates(DeiTCosineLR(optimizer, warmup_epochs=0, eta_min=0.0, end=4), optimizer, 4)
    assert got == pytest.approx([(1 + math.cos(math.pi * e / 4)) / 2 for e in range(4)])


def test_resumed():
    optimizer = optimizer_of()
    scheduler = DeiTCosineLR(optimizer, end=20)
    rates(scheduler, optimizer, 7)
    other = optimizer_of()
    resumed = DeiTCosineLR(other, end=20)
    resumed.load_state_dict(scheduler.state_dict())
    other.load_state_dict(optimizer.state_dict())
    assert rates(resumed, other, 9) == rates(scheduler, optimizer, 9)


@pytest.mark.parametrize('options', [dict(), dict(end=5), dict(end=9, warmup_epochs=-1)])
def test_end_is_required(options):
    with pytest.raises(ValueError, match='needs end, the number of epochs, and a shorter warm-up'):
        DeiTCosineLR(optimizer_of(), **options)
