import pytest
import torch
from torch import nn

from mmwsss.models.sam.lora import (
    LoRAQKV,
    add_lora,
    is_lora,
    lora_enabled,
    lora_parameters,
    merge_lora,
)


class Encoder(nn.Module):
    """Where a vision transformer has its projections."""

    def __init__(self, depth=2, channels=8):
        super().__init__()
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            block = nn.Module()
            block.attn = nn.Module()
            block.attn.qkv = nn.Linear(channels, 3 * channels)
            self.blocks.append(block)

    def forward(self, x):
        return torch.cat([block.attn.qkv(x) for block in self.blocks], -1)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return Encoder()


def train(encoder):
    """Changes that are not zero."""
    for value in lora_parameters(encoder).values():
        nn.init.normal_(value)


def test_starts_at_no_change_and_trains_nothing_else(encoder):
    x = torch.randn(3, 8)
    before = encoder(x).detach()
    layers = add_lora(encoder, rank=3)
    torch.testing.assert_close(encoder(x), before, rtol=0, atol=0)
    encoder(x).square().sum().backward()
    for name, value in encoder.named_parameters():
        assert value.requires_grad == (value.grad is not None) == is_lora(name), name
    assert sum(p.numel() for p in lora_parameters(encoder).values()) == 2 * 2 * 2 * 3 * 8
    assert len(layers) == 2


@pytest.mark.parametrize('targets', [('q', 'v'), ('v', 'k', 'q'), ('k',)])
def test_targets_change_their_third_alone(encoder, targets):
    x = torch.randn(5, 8)
    layer = LoRAQKV(encoder.blocks[0].attn.qkv, rank=2, targets=targets)
    train(layer)
    changed = (layer(x) - layer.base(x)).abs().view(5, 3, 8).sum((0, 2)) > 0
    assert changed.tolist() == [name in targets for name in 'qkv']


def test_off_and_on_again(encoder):
    x = torch.randn(3, 8)
    before = encoder(x).detach()
    add_lora(encoder)
    train(encoder)
    adapted = encoder(x)
    with lora_enabled(encoder, False):
        torch.testing.assert_close(encoder(x), before, rtol=0, atol=0)
        with lora_enabled(encoder, True):
            torch.testing.assert_close(encoder(x), adapted, rtol=0, atol=0)
    torch.testing.assert_close(encoder(x), adapted, rtol=0, atol=0)


def test_merge(encoder):
    x = torch.randn(3, 8)
    add_lora(encoder)
    train(encoder)
    adapted = encoder(x)
    merge_lora(encoder)
    assert not lora_parameters(encoder)
    torch.testing.assert_close(encoder(x), adapted, rtol=1e-5, atol=1e-5)


def test_bad_arguments():
    with pytest.raises(ValueError, match='C -> 3 C is expected, found 8 -> 16'):
        LoRAQKV(nn.Linear(8, 16))
    for options in (dict(rank=0), dict(targets=('q', 'o')), dict(targets=())):
        with pytest.raises(ValueError, match='rank is at least 1 and targets are some of q, k, v'):
            LoRAQKV(nn.Linear(8, 24), **options)
