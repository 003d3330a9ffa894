"""Batch norms that keep their statistics."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmwsss.engine.hooks import NormEvalHook


def test_statistics_of_the_part_stay():
    model = nn.ModuleDict({'backbone': nn.BatchNorm1d(2), 'head': nn.BatchNorm1d(2)}).train()
    runner, hook = SimpleNamespace(model=model), NormEvalHook()
    hook.before_train(runner)
    for _ in range(2):
        model.train()  # as loops do at the start and after each validation
        hook.before_train_iter(runner, 0)
        for part in model.values():
            part(torch.rand(4, 2) + 5).sum().backward()
    assert torch.equal(model['backbone'].running_mean, torch.zeros(2))
    assert (model['head'].running_mean > 0).all()
    assert model['backbone'].bias.grad is not None


def test_unknown_part():
    runner = SimpleNamespace(model=nn.ModuleDict({'neck': nn.BatchNorm1d(2)}))
    with pytest.raises(ValueError, match=r'no attribute `backbone`. Its parts are neck, or dotted'):
        NormEvalHook().before_train(runner)
