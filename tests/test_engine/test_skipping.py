import pytest
import torch

from mmwsss.engine import SkippingOptimWrapper
from mmwsss.registry import OPTIM_WRAPPERS


def test_a_loss_without_gradient_moves_nothing():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([weight], lr=0.1, weight_decay=0.5)
    wrapper = SkippingOptimWrapper(optimizer)
    wrapper.update_params(weight.sum())
    assert not wrapper.last_was_skipped and wrapper.skipped == 0
    before = weight.detach().clone()
    state = optimizer.state[weight]['exp_avg'].clone()
    wrapper.update_params(torch.zeros(()))
    assert wrapper.last_was_skipped and wrapper.skipped == 1
    assert torch.equal(weight, before)
    assert torch.equal(optimizer.state[weight]['exp_avg'], state)
    wrapper.update_params(0 * weight.sum())  # a gradient of zero is a step, with weight decay
    assert not wrapper.last_was_skipped and (weight != before).all()


def test_built_from_a_config():
    config = dict(
        type='SkippingOptimWrapper',
        optimizer=torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1),
    )
    assert isinstance(OPTIM_WRAPPERS.build(config), SkippingOptimWrapper)
    with pytest.raises(AttributeError):
        SkippingOptimWrapper(config['optimizer']).update_params(None)
