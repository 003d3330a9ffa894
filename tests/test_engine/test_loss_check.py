"""Losses that mmengine would not train are named."""

import copy

import pytest
import torch

from mmwsss.engine.errors import StageFailed
from tests.test_engine.runs import make_runner


@pytest.mark.parametrize(
    ('losses', 'message'),
    [
        (dict(cls=torch.ones(())), "only cls, and trained is the sum of those with 'loss' in"),
        ({}, r'an empty dict, .* dict\(loss_cls=\.\.\.\)'),
        (None, 'a NoneType, a dict of named losses is expected'),
        (torch.ones(()), 'ToyModel.loss returned a Tensor, a dict of named losses is expected'),
    ],
)
def test_losses_that_nothing_trains(losses, message, tmp_path):
    runner = make_runner(tmp_path)
    runner.model.forward = lambda *inputs, **kwargs: losses
    with pytest.raises(StageFailed, match=message):
        runner.train()


def test_a_copy_of_the_model_adds_up_losses(tmp_path):
    runner = make_runner(tmp_path, 'train_cfg.update(max_epochs=1)\n')
    runner.train()
    losses = dict(loss_a=torch.ones(()), loss_b=torch.ones(2), acc=torch.ones(()))
    for model in (runner.model, copy.deepcopy(runner.model)):
        total, logged = model.parse_losses(losses)
        assert total == 2 and list(logged) == ['loss', 'loss_a', 'loss_b', 'acc']
