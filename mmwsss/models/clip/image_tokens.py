"""Images as tokens of a CLIP, and the positions that are added to them."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class CLIPTokens(NamedTuple):
    """Images as they enter the last block of the encoder.

    Args:
        tokens: Tokens, the class token first. Shape: (N, 1 + h w, D), float32.
        hidden: The tokens after the block's first norm (``ln_1``), which its attention sees.
        grid: Rows and columns of patches (h, w).
        attention: Attention, averaged over heads, of the requested blocks before the last, in
            order. Shape: (N, 1 + h w, 1 + h w) each, in the precision of the blocks.
        blocks: Outputs of all blocks but the last, in order and in their precision, if requested;
            the last of them is ``tokens``.
    """

    tokens: Tensor
    hidden: Tensor
    grid: tuple[int, int]
    attention: list[Tensor]
    blocks: tuple[Tensor, ...] = ()


def resize_positions(table: Tensor, grid: tuple[int, int]) -> Tensor:
    """Resize a position table bilinearly (align_corners False).

    Args:
        table: Class token first, then a square of patches. Shape: (1 + S S, D).
        grid: (h, w).

    Returns:
        Shape: (1 + h w, D).
    """
    side = round((len(table) - 1) ** 0.5)
    patches = table[1:].T.unflatten(1, (side, side))[None]
    patches = F.interpolate(patches, grid, mode='bilinear', align_corners=False)
    return torch.cat([table[:1], patches[0].flatten(1).T])
