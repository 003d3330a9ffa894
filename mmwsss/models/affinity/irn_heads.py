"""The two heads of IRN: class boundaries and displacements."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def _branch(cin: int, cout: int, groups: int, scale: int = 1) -> nn.Sequential:
    """1x1 convolution, group norm, upsampling and a final ReLU."""
    layers = [nn.Conv2d(cin, cout, 1, bias=False), nn.GroupNorm(groups, cout)]
    if scale > 1:
        layers.append(nn.Upsample(scale_factor=scale, mode='bilinear', align_corners=False))
    return nn.Sequential(*layers, nn.ReLU(inplace=True))


def _crop(x: Tensor, like: Tensor) -> Tensor:
    """Crop to the first rows and columns: upsampling an odd size gives one too many."""
    return x[..., : like.shape[-2], : like.shape[-1]]


class EdgeHead(nn.ModuleDict):
    """Class boundaries at stride 4.

    Args:
        in_channels: Channels of the n feature maps, published: 5.
        strides: Their strides: 4, 4 and then multiples of 8.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int]):
        branches = [
            _branch(cin, 32, 4, stride // 4)
            for cin, stride in zip(in_channels, strides, strict=True)
        ]
        logits = nn.Conv2d(32 * len(branches), 1, 1)
        super().__init__({str(i): layer for i, layer in enumerate([*branches, logits], start=1)})

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Logits. Shape: (N, 1, h, w)."""
        *branches, logits = self.values()
        parts = [branch(x) for branch, x in zip(branches, features, strict=True)]
        return logits(torch.cat([_crop(part, parts[1]) for part in parts], 1))


class DisplacementHead(nn.ModuleDict):
    """Offsets to the centre of the instance at stride 4.

    In eval mode the buffer ``mean``, the mean offset over a data set, is subtracted (see
    ``MeanDisplacementHook``).

    Args:
        in_channels: Channels of the n feature maps, published: 5.
        strides: Their strides: 4, 4 and then multiples of 8, the first of these being 8.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int]):
        branches = [_branch(in_channels[0], 64, 8), _branch(in_channels[1], 128, 16)]
        for cin, stride in zip(in_channels[2:], strides[2:], strict=True):
            branches.append(_branch(cin, 256, 16, stride // 8))
        middle = _branch(256 * len(branches[2:]), 256, 16, 2)
        last = _branch(64 + 128 + 256, 256, 16)
        last.append(nn.Conv2d(256, 2, 1, bias=False))
        layers = [*branches, middle, last]
        super().__init__({str(i): layer for i, layer in enumerate(layers, start=1)})
        self.mean: Tensor
        self.register_buffer('mean', torch.zeros(2))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """``(dy, dx)`` in cells. Shape: (N, 2, h, w)."""
        *branches, middle, last = self.values()
        parts = [branch(x) for branch, x in zip(branches, features, strict=True)]
        coarse = middle(torch.cat([_crop(part, parts[2]) for part in parts[2:]], 1))
        offsets = last(torch.cat([*parts[:2], _crop(coarse, parts[1])], 1))
        return offsets if self.training else offsets - self.mean[:, None, None]
