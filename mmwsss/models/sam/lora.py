"""Low-rank adaptation (LoRA) of a fused query-key-value projection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from segment_anything.modeling import ImageEncoderViT

#: Part of the name of every adaptation parameter, and of no other.
TAG = 'lora_'
_PLACES = {'q': 0, 'k': 1, 'v': 2}


class LowRank(nn.Module):
    """Low-rank linear map ``up(down(x))`` without bias.

    Args:
        channels: Channels of input and output.
        rank: Channels between the two maps.

    Shape:
        - x, output: (..., channels)
    """

    def __init__(self, channels: int, rank: int):
        super().__init__()
        self.down = nn.Linear(channels, rank, bias=False)
        self.up = nn.Linear(rank, channels, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset so that the map is zero: ``down`` is random, ``up`` is 0."""
        nn.init.kaiming_uniform_(self.down.weight, a=math.sqrt(5))
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the change that is added to the projection."""
        return self.up(self.down(x))

    def matrix(self) -> Tensor:
        """Return the change as one matrix. Shape: (channels, channels)."""
        return self.up.weight @ self.down.weight


class LoRAQKV(nn.Module):
    """A frozen fused projection to queries, keys and values, with a trained low-rank change.

    `LoRA <https://arxiv.org/abs/2106.09685>`_ as used in Co2SAM: on queries and values, without
    dropout or bias, and with a scaling factor of 1.

    Args:
        base: The projection from C to 3 C channels; it is frozen here.
        rank: Rank of the change.
        targets: Which of ``'q'``, ``'k'``, ``'v'`` are changed.

    Shape:
        - x: (..., C)
        - output: (..., 3 C)

    Raises:
        ValueError: The projection is not fused, or rank or targets are wrong.
    """

    def __init__(self, base: nn.Linear, *, rank: int = 4, targets: Sequence[str] = ('q', 'v')):
        super().__init__()
        channels = base.in_features
        if base.out_features != 3 * channels:
            raise ValueError(
                f'a fused projection C -> 3 C is expected, found {channels} -> {base.out_features}'
            )
        if rank < 1 or not targets or not set(targets) <= set(_PLACES):
            raise ValueError(
                f'rank is at least 1 and targets are some of q, k, v, found {rank} and '
                f'{tuple(targets)}'
            )
        self.base = base.requires_grad_(False)
        self.targets = tuple(name for name in _PLACES if name in targets)
        for name in self.targets:
            self.add_module(TAG + name, LowRank(channels, rank))
        self.enabled = True

    def forward(self, x: Tensor) -> Tensor:
        """Project to queries, keys and values; the change is added while it is enabled."""
        y = self.base(x)
        if not self.enabled:
            return y
        parts = list(y.chunk(3, -1))
        for name in self.targets:
            place = _PLACES[name]
            parts[place] = parts[place] + self.get_submodule(TAG + name)(x)
        return torch.cat(parts, -1)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return a plain linear layer with the same output, up to rounding."""
        layer = nn.Linear(self.base.in_features, self.base.out_features, self.base.bias is not None)
        layer = layer.to(self.base.weight)
        layer.load_state_dict(self.base.state_dict())
        rows = layer.weight.view(3, self.base.in_features, -1)
        for name in self.targets:
            rows[_PLACES[name]] += cast(LowRank, self.get_submodule(TAG + name)).matrix()
        return layer


def add_lora(
    encoder: ImageEncoderViT, *, rank: int = 4, targets: Sequence[str] = ('q', 'v')
) -> list[LoRAQKV]:
    """Add LoRA to every block of an image encoder and freeze everything else.

    Args:
        encoder: ``segment_anything``'s ``ImageEncoderViT``, or anything with
            ``blocks[i].attn.qkv``.
        rank: See :class:`LoRAQKV`.
        targets: See :class:`LoRAQKV`.

    Returns:
        The new layers.
    """
    encoder.requires_grad_(False)
    layers = []
    for block in encoder.blocks:
        block.attn.qkv = LoRAQKV(block.attn.qkv, rank=rank, targets=targets)
        layers.append(block.attn.qkv)
    return layers


def merge_lora(encoder: ImageEncoderViT) -> None:
    """Merge the LoRA changes into the weights, in place; :func:`add_lora` can be called again."""
    for block in encoder.blocks:
        if isinstance(block.attn.qkv, LoRAQKV):
            block.attn.qkv = block.attn.qkv.merged()


@contextmanager
def lora_enabled(encoder: nn.Module, enabled: bool) -> Iterator[None]:
    """Context in which all LoRA layers are on or off; their state is restored afterwards."""
    layers = [module for module in encoder.modules() if isinstance(module, LoRAQKV)]
    before = [layer.enabled for layer in layers]
    try:
        for layer in layers:
            layer.enabled = enabled
        yield
    finally:
        for layer, state in zip(layers, before, strict=True):
            layer.enabled = state


def lora_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return the LoRA parameters of a module by name."""
    return {name: value for name, value in module.named_parameters() if is_lora(name)}


def is_lora(name: str) -> bool:
    """Whether this is the name of a LoRA parameter."""
    return any(part.startswith(TAG) for part in name.split('.'))
