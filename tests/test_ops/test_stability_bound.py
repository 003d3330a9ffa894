"""The bound never drops a mask whose stability at full resolution is high enough."""

import pytest
import torch
import torch.nn.functional as F

from mmwsss.ops.stability_bound import may_be_stable

SQUARE, SIDE, OFFSET = 64, 16, 1.0


def full_resolution(logits, size, input_size):
    """The two bilinear steps of segment-anything."""
    large = F.interpolate(logits[None], (SQUARE, SQUARE), mode='bilinear', align_corners=False)
    large = large[..., : input_size[0], : input_size[1]]
    return F.interpolate(large, size, mode='bilinear', align_corners=False)[0]


def stability(logits):
    inner, outer = ((logits > level).sum((-2, -1)) for level in (OFFSET, -OFFSET))
    return inner / outer


@pytest.mark.parametrize(('size', 'input_size'), [((75, 100), (48, 64)), ((30, 20), (64, 43))])
def test_no_stable_mask_is_dropped(size, input_size):
    noise = torch.randn(200, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    smooth = F.interpolate(noise, (SIDE, SIDE), mode='bicubic')[:, 0]
    logits = smooth * torch.linspace(0.5, 40, len(smooth))[:, None, None]
    found = stability(full_resolution(logits, size, input_size))
    needed = torch.full((len(logits),), 0.9)
    kept = may_be_stable(logits, size, input_size, SQUARE, offset=OFFSET, needed=needed)
    stable = found >= needed
    assert 20 < stable.sum() < 180  # both kinds are there
    assert kept[stable].all()
    assert not kept.all()  # the bound drops some


def test_what_is_never_above_the_upper_threshold_is_dropped():
    logits = torch.full((1, SIDE, SIDE), 0.5)
    needed = torch.zeros(1)
    kept = may_be_stable(logits, (64, 64), (64, 64), SQUARE, offset=OFFSET, needed=needed)
    assert kept.tolist() == [False]
