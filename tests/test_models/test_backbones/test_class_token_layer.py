"""The block whose attention is seen."""

import pytest
import torch

from mmwsss.models.backbones.class_token_layer import AttentionWatch, ClassTokenLayer


@pytest.fixture
def layer():
    torch.manual_seed(0)
    layer = ClassTokenLayer(embed_dims=12, num_heads=3, feedforward_channels=24)
    return layer.eval().requires_grad_(False)


def test_is_the_block_of_mmpretrain(layer):
    """With fused attention, and with attention that is seen in full."""
    x = torch.randn(2, 7, 12)
    plain = super(ClassTokenLayer, layer).forward(x)
    torch.testing.assert_close(layer(x), plain)
    torch.testing.assert_close(layer(x, [AttentionWatch(patches_from=0)], num_tokens=2), plain)


def test_rows_of_attention(layer):
    x = torch.randn(3, 7, 12)
    whole = AttentionWatch(classes_from=None, patches_from=0)
    layer(x, [whole], num_tokens=0)
    assert whole.classes is None
    torch.testing.assert_close(whole.patches.sum(-1), torch.ones(3, 7))
    both, some = AttentionWatch(patches_from=0), AttentionWatch(slice(1, 2))
    y = layer(x, [both, some], num_tokens=2)
    torch.testing.assert_close(both.classes, whole.patches[:, :2, 2:])
    torch.testing.assert_close(both.patches, whole.patches[:, 2:, 2:])
    torch.testing.assert_close(some.classes, whole.patches[1:2, :2, 2:])
    assert some.patches is None
    torch.testing.assert_close(y, layer(x))


def test_sums_begin_at_a_block(layer):
    x = torch.randn(1, 7, 12)
    one = AttentionWatch(patches_from=0)
    layer(x, [one], num_tokens=2)
    watch = AttentionWatch(classes_from=2, patches_from=1)
    for block in range(4):
        layer(x, [watch], block=block, num_tokens=2)
    torch.testing.assert_close(watch.classes, 2 * one.classes)
    torch.testing.assert_close(watch.patches, 3 * one.patches)


def test_gradient_flows_into_what_is_seen(layer):
    x = torch.randn(1, 7, 12, requires_grad=True)
    watch = AttentionWatch(patches_from=0)
    layer(x, [watch], num_tokens=2)
    (watch.classes.square().sum() + watch.patches.square().sum()).backward()
    assert x.grad.abs().sum() > 0


def test_begins_as_deit():
    layer = ClassTokenLayer(embed_dims=64, num_heads=2, feedforward_channels=128)
    layer.init_weights()
    for linear in (layer.attn.qkv, layer.attn.proj, layer.ffn.layers[1]):
        assert 0.015 < linear.weight.std() < 0.025 and not linear.bias.any()
    assert layer.ln1.eps == 1e-6


def test_nothing_to_watch():
    with pytest.raises(ValueError, match='classes_from or patches_from must be a block'):
        AttentionWatch(classes_from=None)
