"""One map of the tokens of several transformer blocks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


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
