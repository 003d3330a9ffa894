"""The schedule of one-stage transformers."""

import pytest

from mmwsss.engine.schedulers import PolyWarmupLR
from mmwsss.registry import PARAM_SCHEDULERS
from tests.test_engine.test_schedulers.test_psa_poly import optimizer_of, rates


def test_values():
    optimizer = optimizer_of(6e-5)
    got = rates(PolyWarmupLR(optimizer, end=20_000), optimizer, 20_000)
    assert got[0] == pytest.approx(6e-11)
    assert got[750] == pytest.approx(3e-5, 1e-5)
    assert got[1500] == pytest.approx(5.59e-5, 1e-3)  # falls from 6e-5
    assert got[-1] == pytest.approx(6e-5 * (1 / 20_000) ** 0.9, 1e-9)
    assert PARAM_SCHEDULERS.get('PolyWarmupLR') is PolyWarmupLR


def test_resumed():
    optimizer, other = optimizer_of(1), optimizer_of(1)
    scheduler = PolyWarmupLR(optimizer, warmup=2, end=6)
    whole = rates(scheduler, optimizer, 3)
    resumed = PolyWarmupLR(other, warmup=2, end=6)
    resumed.load_state_dict(scheduler.state_dict())
    other.load_state_dict(optimizer.state_dict())
    rest = rates(resumed, other, 3)
    assert whole[2] == pytest.approx((4 / 6) ** 0.9)
    assert rest == pytest.approx([(3 / 6) ** 0.9, (2 / 6) ** 0.9, (1 / 6) ** 0.9])


@pytest.mark.parametrize('options', [{}, dict(end=10, warmup=10), dict(end=10, warmup=-1)])
def test_refuses(options):
    with pytest.raises(ValueError, match='needs end, the number of steps'):
        PolyWarmupLR(optimizer_of(1), **options)
