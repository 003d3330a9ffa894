"""The vision transformer with a token for each class."""

import pytest
import torch
from mmengine.runner import save_checkpoint
from mmpretrain.models import VisionTransformer

from mmwsss.models import ClassTokenViT
from mmwsss.models.backbones import AttentionWatch
from mmwsss.models.backbones.class_token_vit import resize_positions

ARCH = dict(embed_dims=12, num_layers=3, num_heads=2, feedforward_channels=24)


def small(**arguments):
    torch.manual_seed(0)
    options = dict(num_classes=3, arch=ARCH, img_size=32, patch_size=8, tokenizer_channels=6)
    return ClassTokenViT(**(options | arguments)).eval()


@pytest.mark.parametrize('background, tokens', [(True, 4), (False, 3)])
@pytest.mark.parametrize('channels', [None, 6])
def test_shapes(background, tokens, channels):
    model = small(background=background, tokenizer_channels=channels)
    output = model(torch.randn(2, 3, 40, 20))
    assert output.tokens.shape == (2, tokens, 12)
    assert output.patches.shape == (2, 12, 5, 2)
    assert model.num_tokens == tokens and model.depth == 3
    # Every parameter takes part.
    (output.tokens.sum() + output.patches.square().sum()).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_class_tokens():
    model = small()
    torch.nn.init.normal_(model.bg_token)
    tokens = model.class_tokens()
    made = model.tokenizer(model.cls_token) + model.pos_embed_cls
    torch.testing.assert_close(tokens[:, 1:], made[:, 1:] + model.cls_token)
    torch.testing.assert_close(tokens[:, :1], made[:, :1] + model.bg_token)
    free = small(tokenizer_channels=None, background=False)
    torch.testing.assert_close(free.class_tokens(), free.cls_token + free.pos_embed_cls)


def test_own_size_is_the_table():
    """CTI, acceptance check 6: nothing depends on the mode but the branches left out."""
    model = small(drop_path_rate=0.0)
    assert model.positions((4, 4)) is model.pos_embed_patch
    assert model.positions((2, 5)).shape == (1, 10, 12)
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(model(x).patches, model.train()(x).patches)


def test_positions_are_rows_first():
    table = torch.arange(16.0).view(1, 16, 1)
    got = resize_positions(table, (8, 4)).view(8, 4)
    assert (got[1:] > got[:-1]).all() and (got[:, 1:] > got[:, :-1]).all()
    assert (got[-1] - got[0]).min() > (got[:, -1] - got[:, 0]).max()


def test_fixed_blocks():
    assert small(drop_path_rate=0.0).fixed_blocks == 3
    assert small(drop_path_rate=0.2).fixed_blocks == 1
    assert [layer.drop_path_rate for layer in small(drop_path_rate=0.2).layers] == [0, 0.1, 0.2]


def test_in_parts():
    """Running block by block is the same, and watches see the whole way."""
    model, x = small(), torch.randn(1, 3, 32, 24)
    whole, parts = AttentionWatch(patches_from=1), AttentionWatch(patches_from=1)
    expected = model(x, [whole])
    tokens, grid = model.embed(x)
    for block in range(3):
        tokens = model.run(tokens, block, block + 1, [parts])
    torch.testing.assert_close(model.split(tokens, grid).patches, expected.patches)
    torch.testing.assert_close(parts.classes, whole.classes)
    torch.testing.assert_close(parts.patches, whole.patches)


@pytest.mark.parametrize('background, channels', [(True, 6), (False, None)])
def test_begins_from_deit(tmp_path, background, channels):
    """Of mmpretrain, with another grid."""
    torch.manual_seed(1)
    deit = VisionTransformer(
        arch={**ARCH, 'feedforward_channels': 24}, img_size=24, patch_size=8, out_type='raw'
    )
    torch.nn.init.normal_(deit.cls_token)
    torch.nn.init.normal_(deit.pos_embed)
    save_checkpoint(dict(state_dict=deit.state_dict()), str(tmp_path / 'deit.pth'))
    model = small(
        background=background,
        tokenizer_channels=channels,
        init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'deit.pth')),
    )
    model.init_weights()
    torch.testing.assert_close(
        model.pos_embed_cls, deit.pos_embed[:, :1].repeat(1, model.num_tokens, 1)
    )
    expected = deit.cls_token.repeat(1, 1 if channels else model.num_tokens, 1)
    torch.testing.assert_close(model.cls_token, expected)
    torch.testing.assert_close(
        model.pos_embed_patch, resize_positions(deit.pos_embed[:, 1:], (4, 4))
    )
    name = 'layers.1.ffn.layers.0.0.weight'
    torch.testing.assert_close(model.state_dict()[name], deit.state_dict()[name])
    missing = model.load_state_dict(deit.state_dict(), strict=False)
    assert {key.split('.')[0] for key in missing.missing_keys} <= {'bg_token', 'tokenizer'}
    assert not missing.unexpected_keys


def test_own_checkpoint_is_read_strictly():
    model, other = small(), small()
    torch.nn.init.normal_(other.cls_token)
    model.load_state_dict(other.state_dict(), strict=True)
    assert torch.equal(model.cls_token, other.cls_token)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(arch='deit-giant'), r"one of \['deit-base', .* found 'deit-giant'"),
        (dict(arch=dict(embed_dims=8)), r'num_heads=, .* found \{'),
        (dict(img_size=30), 'multiple of patch_size .* found 30, 8'),
        (dict(drop_path_rate=1.0), r'drop_path_rate in \[0, 1\), found 32, 8 and 1.0'),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options)
