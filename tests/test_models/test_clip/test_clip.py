"""``CLIP``: equals the package, and is taken apart rightly."""

import pytest
import torch
import torch.nn.functional as F

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import CLIP
from mmwsss.models.clip.sizes import PUBLISHED, CLIPSizes
from tests.test_models.test_clip.tiny_clip import SIZES, tiny_clip


def test_equals_the_package():
    """Its own image feature is the class token's; texts are cut behind the last end token."""
    clip, x = tiny_clip(), torch.randn(2, 3, 32, 32)
    image = clip.encode(x)
    normed, _ = clip.finish(image.tokens, image.hidden)
    torch.testing.assert_close(
        clip.project(normed[:, 0]), clip.module.encode_image(x), rtol=1e-4, atol=1e-5
    )
    tokens = clip.tokenize(['a cat.', 'two dogs and a bird.'])
    features = clip.encode_text(clip.embed_tokens(tokens), tokens.argmax(1))
    torch.testing.assert_close(features, clip.module.encode_text(tokens), rtol=1e-4, atol=1e-5)
    mean = clip.project(normed[:, 1:].mean(1))
    torch.testing.assert_close(clip.features(image.tokens, image.hidden), mean)


def test_stem():
    """Convolutions in front of the patches: the same grid, and sizes that a state dict tells."""
    clip = tiny_clip(vision_stem=[4, 12])
    assert clip.sizes.vision_stem == (4, 12)
    assert clip.encode(torch.randn(2, 3, 32, 48)).grid == (4, 6)
    state = clip.module.state_dict()
    CLIP(arch=clip.sizes).load_state_dict(state)
    with pytest.raises(ValueError, match=r'vision_stem \(4, 12\) found, \(\) expected'):
        CLIP(arch=SIZES).load_state_dict(state)
    with pytest.raises(ValueError, match='each layer of vision_stem halves the patch'):
        CLIPSizes(vision_patch_size=14, vision_stem=(8, 8))


def test_stem_of_timm():
    """The same grid; a state dict says that there is a network, not which."""
    clip = tiny_clip(vision_stem='test_efficientnet')
    assert clip.encode(torch.randn(2, 3, 32, 48)).grid == (4, 6)
    state = clip.module.state_dict()
    CLIP(arch=clip.sizes).load_state_dict(state)
    with pytest.raises(ValueError, match=r'vision_stem a network of timm found, \(\) expected'):
        CLIP(arch=SIZES).load_state_dict(state)
    with pytest.raises(ValueError, match=r'vision_stem \(\) found, a network of timm expected'):
        clip.load_state_dict(CLIP(arch=SIZES).module.state_dict())
    with pytest.raises(ValueError, match='has stride 32, expected that of a patch, 64'):
        tiny_clip(vision_stem='test_efficientnet', vision_patch_size=64, image_resolution=64)


def test_attention_of_the_last_blocks():
    clip, x = tiny_clip(), torch.randn(1, 3, 24, 40)
    image = clip.encode(x, attention=3)
    _, last = clip.finish(image.tokens, image.hidden)
    assert image.grid == (3, 5) and len(image.attention) == 2
    for attention in (*image.attention, last):
        assert attention.shape == (1, 16, 16)
        torch.testing.assert_close(attention.sum(-1), torch.ones(1, 16))
    (one,) = clip.encode(x, attention=2).attention
    torch.testing.assert_close(one, image.attention[1])
    assert clip.encode(x, attention=1).attention == []


def test_positions():
    clip = tiny_clip()
    table = clip.module.visual.positional_embedding
    assert clip.positions((4, 4)) is table
    small = clip.positions((2, 2))
    torch.testing.assert_close(small[0], table[0])
    grid = table[1:].unflatten(0, (4, 4))
    torch.testing.assert_close(small[1], grid[:2, :2].mean((0, 1)))


def test_published_sizes_are_the_packages():
    from open_clip import get_model_config

    for name, sizes in PUBLISHED.items():
        cfg = get_model_config(name)
        vision, text = cfg['vision_cfg'], cfg['text_cfg']
        assert cfg['quick_gelu'] is True
        assert sizes == CLIPSizes(
            embed_dim=cfg['embed_dim'],
            image_resolution=vision['image_size'],
            vision_layers=vision['layers'],
            vision_width=vision['width'],
            vision_patch_size=vision['patch_size'],
            context_length=text['context_length'],
            vocab_size=text['vocab_size'],
            transformer_width=text['width'],
            transformer_heads=text['heads'],
            transformer_layers=text['layers'],
        )


def test_quick_gelu():
    block = tiny_clip().module.visual.transformer.resblocks[0]
    x = torch.randn(5)
    torch.testing.assert_close(block.mlp.gelu(x), x * torch.sigmoid(1.702 * x))


def test_bad_input(tmp_path):
    clip = tiny_clip()
    with pytest.raises(ValueError, match=r"multiples of 8 pixels, found \(30, 32\): .*'Resize"):
        clip.encode(torch.zeros(1, 3, 30, 32))
    with pytest.raises(ValueError, match='attention of 4 blocks is wanted, this CLIP has 3'):
        clip.encode(torch.zeros(1, 3, 32, 32), attention=4)
    with pytest.raises(ValueError, match="found 'ViT-B-16': .* take ViT-B-16-quickgelu"):
        CLIP(arch='ViT-B-16')
    with pytest.raises(FileNotFoundError, match='no such CLIP weights'):
        CLIP(arch=SIZES, checkpoint=tmp_path / 'missing.pt')
    with pytest.raises(ValueError, match='width'):
        CLIP(arch={**SIZES, 'vision_width': 100})


def test_features_under_autocast_stay_close():
    clip, x = tiny_clip(), torch.randn(1, 3, 32, 32)
    image = clip.encode(x)
    full = F.normalize(clip.features(image.tokens, image.hidden), dim=-1)
    with torch.autocast('cpu', torch.bfloat16):
        image = clip.encode(x)
        half = F.normalize(clip.features(image.tokens, image.hidden).float(), dim=-1)
    assert F.cosine_similarity(full, half).min() > 0.98


def test_half_precision_ends_before_the_last_block():
    clip, x = tiny_clip(), torch.randn(2, 3, 32, 48)
    full = clip.encode(x, 3, keep_blocks=True)
    clip.half = True
    image = clip.encode(x, 3, keep_blocks=True)
    assert {block.dtype for block in image.blocks} == {torch.float16}
    norm = clip.module.visual.transformer.resblocks[-1].ln_1
    # A GPU's layer norm does not take half precision beside its weights in single precision.
    seen = []
    with norm.register_forward_pre_hook(lambda _, given: seen.append(given[0].dtype)):
        earlier = clip.enter_last(image, -2)
    assert seen == [torch.float32]
    for tokens in (image.tokens, image.hidden, earlier.tokens, earlier.hidden):
        assert tokens.dtype == torch.float32
    for one, other in zip(clip.describe(image), clip.describe(full), strict=True):
        torch.testing.assert_close(one, other, rtol=0.01, atol=0.01)
