"""The schedule of the PSA family."""

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS as ROOT

from mmwsss.engine.schedulers import PSAPolyLR
from mmwsss.registry import PARAM_SCHEDULERS


def rates(scheduler, optimizer, steps):
    result = []
    for _ in range(steps):
        result.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return result


def optimizer_of(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def test_values():
    """S2C, acceptance check 4."""
    optimizer = optimizer_of(0.02)
    got = rates(PSAPolyLR(optimizer, end=4), optimizer, 6)
    assert got == pytest.approx([0.02, 0.0154378, 0.0107177, 0.0057435, 0.0057435, 0.0057435], 1e-5)


def test_long_training_does_not_drift():
    optimizer = optimizer_of(0.01)
    got = rates(PSAPolyLR(optimizer, end=10_576), optimizer, 10_576)
    expected = [0.01 * (1 - k / 10_576) ** 0.9 for k in range(10_576)]
    assert got == pytest.approx(expected, 1e-9)
    assert got[1322] == pytest.approx(0.00886762, abs=1e-8)


def test_from_epochs():
    optimizer = optimizer_of(0.02)
    cfg = dict(type='mmwsss.PSAPolyLR', end=2, by_epoch=True, convert_to_iter_based=True)
    scheduler = ROOT.build(cfg, default_args=dict(optimizer=optimizer, epoch_length=2))
    assert not scheduler.by_epoch
    assert rates(scheduler, optimizer, 5)[3:] == pytest.approx([0.0057435] * 2, 1e-5)
    assert PARAM_SCHEDULERS.get('PSAPolyLR') is PSAPolyLR


def test_resumed():
    optimizer = optimizer_of(0.02)
    scheduler = PSAPolyLR(optimizer, end=4)
    rates(scheduler, optimizer, 2)
    other = optimizer_of(0.02)
    resumed = PSAPolyLR(other, end=4)
    resumed.load_state_dict(scheduler.state_dict())
    other.load_state_dict(optimizer.state_dict())
    assert rates(resumed, other, 3) == pytest.approx([0.0107177, 0.0057435, 0.0057435], 1e-5)


def test_end_is_required():
    with pytest.raises(ValueError, match='needs end'):
        PSAPolyLR(optimizer_of(1))
