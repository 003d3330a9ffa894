"""``CAMViT``: maps over several scales."""

import pytest
import torch

from mmwsss.registry import MODELS
from tests.test_models.test_one_stage.test_toco import NETWORK


def build():
    torch.manual_seed(0)
    return MODELS.build(NETWORK)


def image():
    return torch.randn(1, 3, 64, 80, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('scales', [(0.5,), (0.5, 1.0), (1, 0.5, 1)])
def test_scale_1_comes_first_whatever_the_list_says(scales):
    found, expected = (build().multi_scale_cams(image(), s) for s in (scales, (1.0, 0.5)))
    for one, other in zip(found, expected, strict=True):
        assert one.equal(other)


def test_weights_that_were_cast_for_maps_are_not_kept(monkeypatch):
    """Older versions of torch take them for the training's pass, without gradients."""
    cleared = []
    monkeypatch.setattr(torch, 'clear_autocast_cache', lambda: cleared.append(True))
    with torch.autocast('cpu', torch.bfloat16):
        build().multi_scale_cams(image(), (1.0,))
        assert cleared
