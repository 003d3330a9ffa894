"""CLIP with "surgery" attention, whose patch tokens localise classes without gradients (ExCEL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.models.clip.clip import CLIP
from mmwsss.ops.token_affinity import relative_cosines

if TYPE_CHECKING:
    from open_clip.transformer import ResidualAttentionBlock

Features = Literal['published', 'clean']


class SurgeryTokens(NamedTuple):
    """Images after all blocks of a CLIP with surgery.

    Args:
        grid: Rows and columns of patches (h, w), P in all.
        attention: Original attention of every block, class token first: the mean over heads in
            plain blocks, the *sum* over heads in those with surgery. Shape: (N, 1 + P, 1 + P) each.
        blocks: Outputs of all blocks, in order, as a decoder gets them. Shape: (N, 1 + P, D) each.
        hidden: Inputs of the attention of each block with surgery. Shape: (N, 1 + P, D) each.
        start: Tokens at which the surgery path begins. Shape: (N, 1 + P, D).
        projected: Tokens in the space shared with texts: the class token of the original path, the
            patches of the surgery path. Shape: (N, 1 + P, E).
    """

    grid: tuple[int, int]
    attention: list[Tensor]
    blocks: list[Tensor]
    hidden: list[Tensor]
    start: Tensor
    projected: Tensor


class CLIPSurgery:
    """Runs the last blocks of a frozen CLIP on two paths (ExCEL, section 3.3, SVC).

    The original path is CLIP itself. The surgery path adds, block by block, the values of the
    original path, weighted by the similarity of queries among themselves, keys among themselves and
    values among themselves; it leaves out the perceptrons. As published, the *sum* of these weights
    over heads is used in every head. The CLIP's ``half`` is not read: all is in single precision.

    Args:
        clip: The frozen CLIP.
        blocks: Number of last blocks with surgery; 5 in the release (its argument says 6, its loop
            makes 5).
        features: Tokens for decoders. ``'published'``: as the release has them after changing
            stored tensors in place: the last block before the surgery holds the finished surgery
            path, and each block with surgery but the last its output plus the next block's
            attention. Published weights were trained with these. ``'clean'``: the output of every
            block.

    Raises:
        ValueError: This CLIP has no plain block left, or ``features`` is unknown.
    """

    def __init__(self, clip: CLIP, blocks: int = 5, features: Features = 'published') -> None:
        layers = clip.sizes.vision_layers
        if not 1 <= blocks < layers:
            raise ValueError(
                f'surgery on 1 to {layers - 1} of the {layers} blocks of this CLIP is expected, '
                f'found {blocks}'
            )
        if features not in get_args(Features):
            raise ValueError(f"features must be 'published' or 'clean', found {features!r}")
        self.clip, self.blocks, self.features = clip, blocks, features

    @torch.no_grad()
    def encode(self, images: Tensor) -> SurgeryTokens:
        """Run all blocks on normalised images (N, 3, H, W), H and W in multiples of a patch."""
        clip = self.clip
        with torch.autocast(images.device.type, enabled=False):
            x, grid = clip.embed(images.float())
            attention, outputs, hidden, between, start = [], [], [], [], x
            resblocks = clip.module.visual.transformer.resblocks
            first = len(resblocks) - self.blocks
            for index, block in enumerate(resblocks):
                normed = block.ln_1(x)
                change, weights = block.attn(normed, normed, normed)
                if index >= first:
                    hidden.append(normed)
                    weights = weights * block.attn.num_heads
                    start = x if index == first else start
                x = x + change
                between.append(x)
                x = x + block.mlp(block.ln_2(x))
                outputs.append(x)
                attention.append(weights)
            path = self._path(hidden, start, None)
            projected = self._project(path, x)
            if self.features == 'published':
                outputs[first - 1] = torch.cat([x[:, :1], path[:, 1:]], 1)
                outputs[first:-1] = between[first + 1 :]
            return SurgeryTokens(grid, attention, outputs, hidden, start, projected)

    @torch.no_grad()
    def project(self, image: SurgeryTokens, extra: Tensor | None) -> Tensor:
        """Project tokens again, with attention that the decoder has learnt (LVC).

        Args:
            image: From :meth:`encode`.
            extra: Added to the attention among patches, in every head and block with surgery.
                Shape: (N, P, P).

        Returns:
            Shape: (N, 1 + P, E).
        """
        with torch.autocast(image.start.device.type, enabled=False):
            path = self._path(image.hidden, image.start, extra)
            return torch.cat([image.projected[:, :1], self._project(path, path)[:, 1:]], 1)

    def _path(self, hidden: list[Tensor], start: Tensor, extra: Tensor | None) -> Tensor:
        """Run the surgery path to its end. Shape: (N, 1 + P, D)."""
        path = start
        for block, normed in zip(
            self.clip.module.visual.transformer.resblocks[-self.blocks :], hidden, strict=True
        ):
            parts = _heads(block, normed)
            factor = parts[0].shape[-1] ** -0.5
            weights = sum((factor * x @ x.transpose(-2, -1)).softmax(-1) for x in parts) / 3
            if extra is not None:
                weights[:, :, 1:, 1:] += extra[:, None]
            mixed = weights.sum(1, keepdim=True) @ parts[2]
            path = path + block.attn.out_proj(mixed.transpose(1, 2).flatten(2))
        return path

    def _project(self, path: Tensor, original: Tensor) -> Tensor:
        visual = self.clip.module.visual
        return self.clip.project(visual.ln_post(torch.cat([original[:, :1], path[:, 1:]], 1)))


def learnt_attention(features: Tensor) -> Tensor:
    """Compute attention between the decoder's features (ExCEL, LVC).

    Positions that are less similar than the mean get none.

    Args:
        features: Shape: (N, C, h, w).

    Returns:
        Rows sum to 1. Shape: (N, h w, h w).
    """
    scaled = relative_cosines(features.detach())
    less = scaled < 0
    # No place is less similar to itself than the mean, but where all are equal rounding says so.
    less.diagonal(dim1=1, dim2=2).fill_(False)
    return scaled.masked_fill(less, -torch.inf).softmax(-1)


def _heads(block: ResidualAttentionBlock, normed: Tensor) -> tuple[Tensor, ...]:
    """Compute queries, keys and values of each head: (N, heads, L, D / heads) each."""
    attn = block.attn
    parts = F.linear(normed, attn.in_proj_weight, attn.in_proj_bias).chunk(3, -1)
    return tuple(part.unflatten(-1, (attn.num_heads, -1)).transpose(1, 2) for part in parts)
