import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models.clip.surgery import CLIPSurgery, learnt_attention
from tests.test_models.test_clip.tiny_clip import tiny_clip


def images(number=2, size=(32, 40)):
    return torch.randn(number, 3, *size, generator=torch.Generator().manual_seed(0))


def test_the_original_path_is_clip():
    clip = tiny_clip(vision_layers=4)
    x = images()
    image = CLIPSurgery(clip, 2, 'clean').encode(x)
    plain = clip.encode(x, 4, keep_blocks=True)
    assert image.grid == plain.grid == (4, 5)
    for ours, theirs in zip(image.blocks[:3], plain.blocks, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    normed, last = clip.finish(plain.tokens, plain.hidden)
    torch.testing.assert_close(image.projected[:, 0], clip.project(normed)[:, 0])
    heads = clip.sizes.vision_width // 64
    torch.testing.assert_close(image.attention[3], heads * last, atol=1e-6, rtol=1e-5)


def test_published_features_differ_as_the_release_changes_them():
    clip = tiny_clip(vision_layers=5)
    clean, published = (
        CLIPSurgery(clip, 3, kind).encode(images()) for kind in ('clean', 'published')
    )
    same = [torch.equal(a, b) for a, b in zip(clean.blocks, published.blocks, strict=True)]
    assert same == [True, False, False, False, True]
    assert torch.equal(clean.projected, published.projected)
    torch.testing.assert_close(published.blocks[1][:, 0], clean.blocks[-1][:, 0])


def test_learnt_attention_changes_patches_alone():
    surgery = CLIPSurgery(tiny_clip(), 2)
    image = surgery.encode(images())
    torch.testing.assert_close(surgery.project(image, None), image.projected)
    extra = learnt_attention(torch.randn(2, 6, 4, 5))
    torch.testing.assert_close(extra.sum(-1), torch.ones(2, 20))
    changed = surgery.project(image, extra)
    assert torch.equal(changed[:, 0], image.projected[:, 0])
    assert not torch.allclose(changed[:, 1:], image.projected[:, 1:])


def test_attention_of_features_that_are_all_alike():
    """None is less similar than the mean, but by rounding."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        direction, length = (torch.rand(1, *s, generator=generator) for s in ((7, 1, 1), (1, 4, 5)))
        extra = learnt_attention(direction * (1 + length))
        torch.testing.assert_close(extra.sum(-1), torch.ones(1, 20))


@pytest.mark.parametrize('blocks', [0, 3])
def test_some_blocks_stay_plain(blocks):
    with pytest.raises(ValueError, match=f'1 to 2 of the 3 blocks .* found {blocks}'):
        CLIPSurgery(tiny_clip(), blocks)


def test_unknown_features():
    with pytest.raises(ValueError, match="'published' or 'clean', found 'all'"):
        CLIPSurgery(tiny_clip(), 1, 'all')
