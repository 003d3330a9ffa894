from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper

from mmwsss.engine import SkippingOptimWrapper
from mmwsss.engine.hooks import ExecutedStepsHook
from mmwsss.engine.schedulers import WarmupStepsLR


def runner(wrapper_type=SkippingOptimWrapper):
    wrapper = wrapper_type(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0))
    return SimpleNamespace(
        optim_wrapper=wrapper,
        param_schedulers=[WarmupStepsLR(wrapper, warmup=4, milestones=(6,))],
        message_hub=MessageHub.get_instance('executed_steps'),
        train_dataloader=[None] * 5,
        epoch=0,
    )


def test_skipped_steps_do_not_move_the_rate(caplog):
    run, hook = runner(), ExecutedStepsHook()
    hook.before_train(run)
    hook.before_train_epoch(run)
    rates = []
    for has_boxes in (True, False, True, False, True):
        rates += run.optim_wrapper.get_lr()['lr']
        loss = run.optim_wrapper.optimizer.param_groups[0]['params'][0].sum()
        run.optim_wrapper.update_params(loss if has_boxes else torch.zeros(()))
        hook.after_train_iter(run, 0)
    assert rates == [0, 0.25, 0.25, 0.5, 0.5]
    hook.after_train_epoch(run)
    assert run.message_hub.get_scalar('train/skipped_steps').current() == 2
    hook.before_train_epoch(run)
    hook.after_train_epoch(run)
    assert run.message_hub.get_scalar('train/skipped_steps').current() == 0


def test_needs_its_wrapper():
    with pytest.raises(TypeError, match=r"type='SkippingOptimWrapper'.* found OptimWrapper"):
        ExecutedStepsHook().before_train(runner(OptimWrapper))
