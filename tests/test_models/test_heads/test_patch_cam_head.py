"""The convolution on patches."""

import pytest
import torch

from mmwsss.models import PatchCAMHead
from mmwsss.registry import MODELS


@pytest.mark.parametrize('background', [True, False])
def test_maps(background):
    head = MODELS.build(
        dict(type='PatchCAMHead', in_channels=6, num_classes=4, background=background)
    )
    assert isinstance(head, PatchCAMHead) and head.num_classes == 4
    maps = head(torch.randn(2, 6, 3, 5))
    assert maps.shape == (2, 4 + background, 3, 5) and (maps < 0).any()
    assert set(head.state_dict()) == {'conv.weight', 'conv.bias'}
