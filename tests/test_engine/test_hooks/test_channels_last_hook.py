from types import SimpleNamespace

import torch
from torch import nn

from mmwsss.engine.hooks import ChannelsLastHook
from mmwsss.registry import HOOKS


def test_layout_changes_and_results_do_not():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 2, 3)).eval()
    image = torch.rand(2, 3, 9, 11)
    before = model(image)
    parameters = list(model.parameters())
    HOOKS.build(dict(type='ChannelsLastHook')).before_run(SimpleNamespace(model=model))
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    after = model(image)
    assert after.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(after, before)
    assert ChannelsLastHook().priority == 'VERY_LOW'
