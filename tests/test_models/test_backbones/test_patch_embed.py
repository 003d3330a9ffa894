"""From images to patches."""

import pytest
import torch

from mmwsss.models.backbones.patch_embed import PatchEmbed


@pytest.mark.parametrize('stem', [(), (8,), (8, 16)])
def test_whole_patches(stem):
    embed = PatchEmbed(12, 8, stem).eval()
    x = torch.randn(2, 3, 21, 36)
    y = embed(x)
    assert y.shape == (2, 12, 2, 4)
    torch.testing.assert_close(y, embed(x[..., :16, :32]))


def test_images_of_a_batch_do_not_see_each_other():
    embed = PatchEmbed(12, 8, (8, 16))
    x = torch.randn(3, 3, 16, 16)
    torch.testing.assert_close(embed(x)[1:2], embed(x[1:2]))


def test_too_small():
    with pytest.raises(ValueError, match=r'\(7, 40\) pixels is smaller than a patch, .* least 8'):
        PatchEmbed(12, 8)(torch.zeros(1, 3, 7, 40))


@pytest.mark.parametrize('stem', [(12,), (8, 8, 8, 8)])
def test_refused(stem):
    with pytest.raises(ValueError, match='stem_channels are multiples of 8'):
        PatchEmbed(12, 8, stem)
