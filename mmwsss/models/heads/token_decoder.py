"""A small decoder on the tokens of a frozen vision transformer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmwsss.models.clip.sizes import quick_transformer


class TokenFusion(nn.Module):
    """Merges the tokens of several blocks into one map (WeCLIP, WeCLIP+, ExCEL).

    Each block has a perceptron of two layers of its own; a 1x1 convolution joins them.

    Args:
        in_channels: Channels of the tokens.
        blocks: Number of blocks.
        channels: Channels of the result.
        dropout: Share of channels that are dropped in training.
    """

    def __init__(
        self, in_channels: int, blocks: int, *, channels: int = 256, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.perceptrons = nn.ModuleList(
            nn.Sequential(
                nn.Linear(in_channels, channels), nn.ReLU(), nn.Linear(channels, channels)
            )
            for _ in range(blocks)
        )
        self.fuse = nn.Conv2d(blocks * channels, channels, 1)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, tokens: Sequence[Tensor], grid: tuple[int, int]) -> Tensor:
        """Fuse.

        Args:
            tokens: Patch tokens of each block, in order. Shape: (N, h w, D) each.
            grid: (h, w).

        Returns:
            Shape: (N, channels, h, w).
        """
        if len(tokens) != len(self.perceptrons):
            raise ValueError(f'{len(self.perceptrons)} blocks are expected, found {len(tokens)}')
        own = [mlp(x) for mlp, x in zip(self.perceptrons, tokens, strict=True)]
        maps = torch.cat(own, -1).transpose(1, 2).unflatten(2, grid)
        return self.dropout(self.fuse(maps))


class TokenDecoder(nn.Module):
    """Transformer blocks on a map, without positions, and a linear classifier.

    Pre-norm blocks with QuickGELU, as CLIP has them; no norm at the end.

    Args:
        num_classes: Number of labels, that of the background included.
        channels: Of the map.
        layers: Number of blocks.
        heads: Attention heads.
    """

    def __init__(
        self, num_classes: int, *, channels: int = 256, layers: int = 3, heads: int = 8
    ) -> None:
        super().__init__()
        self.transformer = quick_transformer(channels, layers, heads)
        self.classifier = nn.Conv2d(channels, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map to logits. Shape: (N, channels, h, w) to (N, num_classes, h, w)."""
        tokens: Any = self.transformer(x.flatten(2).transpose(1, 2))
        return self.classifier(tokens.transpose(1, 2).unflatten(2, x.shape[-2:]))


def token_affinity(features: Tensor) -> Tensor:
    """Affinity of tokens: the sigmoid of their dot products, neither scaled nor normalised.

    Args:
        features: Shape: (N, E, h, w).

    Returns:
        float32, in (0, 1). Shape: (N, h w, h w).
    """
    with torch.autocast(features.device.type, enabled=False):
        flat = features.float().flatten(2)
        return (flat.transpose(1, 2) @ flat).sigmoid()
