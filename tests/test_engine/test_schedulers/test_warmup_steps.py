import pytest
import torch
from mmengine.optim import OptimWrapper

from mmwsss.engine.schedulers import WarmupStepsLR


def wrapper():
    return OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1e-4))


@pytest.mark.parametrize(
    'step, rate',
    [(0, 0), (125, 5e-5), (250, 1e-4), (59999, 1e-4), (60000, 1e-5), (86665, 1e-5), (86666, 1e-6)],
)
def test_published_rates(step, rate):
    schedule = WarmupStepsLR(wrapper(), warmup=250, milestones=(60000, 86666))
    assert 1e-4 * schedule.factor(step) == pytest.approx(rate, abs=1e-12)


def test_steps_and_resumes():
    optim, rates = wrapper(), []
    schedule = WarmupStepsLR(optim, warmup=2, milestones=(4,))
    for _ in range(6):
        rates += optim.get_lr()['lr']
        schedule.step()
    assert rates == pytest.approx([0, 5e-5, 1e-4, 1e-4, 1e-5, 1e-5])
    again = WarmupStepsLR(wrapper(), warmup=2, milestones=(4,))
    again.load_state_dict(schedule.state_dict())
    assert again.last_step == 6


@pytest.mark.parametrize(
    'options',
    [
        dict(warmup=-1, milestones=()),
        dict(warmup=5, milestones=(4,)),
        dict(warmup=0, milestones=(6, 4)),
        dict(warmup=0, milestones=(6,), gamma=0),
    ],
)
def test_bad_options(options):
    with pytest.raises(ValueError, match='milestones that ascend after it and a positive gamma'):
        WarmupStepsLR(wrapper(), **options)
