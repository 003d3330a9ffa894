"""From images to patches."""

import pytest
import torch
from torch import nn

from mmwsss.models.backbones.patch_embed import PatchEmbed


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, 4, 1)

    def forward(self, x):
        return None, self.conv(x)


@pytest.mark.parametrize('stem', [(), (Stem(), 6, 4)])
def test_whole_patches(stem):
    embed = PatchEmbed(12, 8, *stem)
    x = torch.randn(2, 3, 21, 36)
    y = embed(x)
    assert y.shape == (2, 12, 2, 4)
    torch.testing.assert_close(y, embed(x[..., :16, :32]))


def test_too_small():
    with pytest.raises(ValueError, match=r'\(7, 40\) pixels is smaller than a patch, .* least 8'):
        PatchEmbed(12, 8)(torch.zeros(1, 3, 7, 40))


def test_stride():
    with pytest.raises(ValueError, match='must divide patch_size, found 3 and 8'):
        PatchEmbed(12, 8, Stem(), 6, 3)
