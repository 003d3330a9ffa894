"""Frozen CLIP built on the package ``open_clip``, split into the steps that methods need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.models.clip.frozen import FrozenCLIP
from mmwsss.models.clip.image_tokens import CLIPTokens, resize_positions
from mmwsss.models.clip.sizes import CLIPSizes
from mmwsss.registry import MODELS

if TYPE_CHECKING:
    from open_clip.transformer import ResidualAttentionBlock


@MODELS.register_module()
class CLIP(FrozenCLIP):
    """Frozen `CLIP <https://arxiv.org/abs/2103.00020>`_ with a vision transformer.

    It is frozen and no ``nn.Module``, see :class:`~mmwsss.models.clip.frozen.FrozenCLIP`, and moves
    to the device of the images that it is given. Nothing is ever downloaded.

    Images may have any size in multiples of a patch; the position table is resized bilinearly
    (align_corners False) unless it fits, and the image feature is the mean of the *patch* tokens,
    as in FMA-WSSS.

    Args:
        arch: ``'ViT-B-16-quickgelu'``, ``'ViT-B-32-quickgelu'``, ``'ViT-L-14-quickgelu'``, or the
            fields of :class:`~mmwsss.models.clip.sizes.CLIPSizes`. QuickGELU always.
        checkpoint: OpenAI's archive, a state dict or one of our checkpoints, see
            :func:`~mmwsss.models.clip.archive.read_clip_weights`. None leaves the
            weights random, for tests and benchmarks.
        half_positions: Round the resized position table to float16, as the releases of CLIP-ES and
            WeCLIP do even in float32 (this changes tokens by 5e-4 at most).
        half: Run all blocks but the last in mixed precision (float16), as these releases do on
            GPUs. Gradients at the last one are too small for it.

    Raises:
        ValueError: ``arch`` is unknown, or the weights are of another network.
        ImportError: open_clip is not installed.
    """

    def __init__(
        self,
        *,
        arch: str | Mapping[str, Any] | CLIPSizes = 'ViT-B-16-quickgelu',
        checkpoint: str | Path | None = None,
        half_positions: bool = False,
        half: bool = False,
    ):
        super().__init__(arch, checkpoint)
        self.half_positions, self.half = half_positions, half

    # Images ---------------------------------------------------------------------------

    @torch.no_grad()
    def encode(
        self,
        images: Tensor,
        attention: int = 0,
        *,
        keep_blocks: bool = False,
        drop_rest: bool = False,
    ) -> CLIPTokens:
        """Run all blocks but the last.

        Args:
            images: Normalised with CLIP's mean and deviation. Shape: (N, 3, H, W), H and W in
                multiples of a patch.
            attention: Number of last blocks whose attention is needed, counting the very last,
                whose attention :meth:`describe` adds.
            keep_blocks: Keep the outputs of all these blocks.
            drop_rest: Drop rows and columns at the end that fill no whole patch, as a convolution
                does, instead of refusing such sizes.

        Raises:
            ValueError: H or W is no multiple of a patch, or CLIP has fewer blocks.
        """
        self.to(images.device)
        visual, patch = self._clip.visual, self.sizes.vision_patch_size
        if drop_rest:
            height, width = (side // patch * patch for side in images.shape[-2:])
            images = images[..., :height, :width]
        if not images.numel():
            raise ValueError(f'CLIP takes sides of at least a patch of {patch} pixels')
        if attention > self.sizes.vision_layers:
            raise ValueError(
                f'the attention of {attention} blocks is wanted, this CLIP has '
                f'{self.sizes.vision_layers}'
            )
        # Without `half` the precision is that of the caller's autocast.
        mixed = torch.autocast(images.device.type, torch.float16) if self.half else nullcontext()
        with mixed:
            x, grid = self.embed(images)
            blocks, maps, kept = visual.transformer.resblocks, [], []
            for index, block in enumerate(blocks[:-1]):
                wanted = index >= len(blocks) - attention
                x, weights = _run(block, x, block.ln_1(x), wanted)
                if wanted:
                    maps.append(weights)
                if keep_blocks:
                    kept.append(x)
            hidden = blocks[-1].ln_1(x)
        return CLIPTokens(x.float(), hidden.float(), grid, maps, tuple(kept))

    @torch.no_grad()
    def embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Compute the tokens before the first block, and their grid.

        Args:
            images: Normalised. Shape: (N, 3, H, W), H and W in multiples of a patch.

        Returns:
            Class token first, (N, 1 + h w, D), and (h, w).

        Raises:
            ValueError: H or W is no multiple of a patch.
        """
        self.to(images.device)
        visual, patch = self._clip.visual, self.sizes.vision_patch_size
        if images.shape[-2] % patch or images.shape[-1] % patch:
            raise ValueError(
                f'CLIP takes sides in multiples of {patch} pixels, found {tuple(images.shape[-2:])}'
                f": put dict(type='ResizeToMultiple', divisor={patch}) into the pipeline"
            )
        x = visual.conv1(images)
        height, width = x.shape[-2:]
        grid = height, width
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([visual.class_embedding.to(x).expand(len(x), 1, -1), x], 1)
        return visual.ln_pre(x + self.positions(grid).to(x)), grid

    @torch.no_grad()
    def enter_last(self, image: CLIPTokens, block: int) -> CLIPTokens:
        """Feed the output of an earlier block into the last one.

        Args:
            image: From :meth:`encode` with ``keep_blocks``.
            block: Index in ``image.blocks``: -1 changes nothing, -2 skips a block, as WeCLIP+ does
                on VOC.
        """
        tokens = image.blocks[block].float()
        hidden = self._clip.visual.transformer.resblocks[-1].ln_1(tokens)
        return image._replace(tokens=tokens, hidden=hidden)

    @torch.no_grad()
    def describe(self, image: CLIPTokens) -> tuple[Tensor, Tensor]:
        """Run the last block to get features of whole images.

        Args:
            image: N images from :meth:`encode`.

        Returns:
            Image features, (N, E), not normalised, and the attention of the requested blocks and of
            the last one, (N, K, 1 + h w, 1 + h w).
        """
        normed, last = self.finish(image.tokens, image.hidden)
        attention = torch.stack([*image.attention, last], 1)
        return self.project(normed[:, 1:].mean(1)), attention

    def positions(self, grid: tuple[int, int]) -> Tensor:
        """Return the position table for a grid, resized if need be. Shape: (1 + h w, D)."""
        table, side = self._clip.visual.positional_embedding, self.sizes.grid
        if grid == (side, side) and not self.half_positions:
            return table
        table = resize_positions(table, grid)
        return table.half().float() if self.half_positions else table

    def finish(self, tokens: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Run the last block and the last norm; twice differentiable.

        Args:
            tokens: See :class:`CLIPTokens`. Shape: (P, L, D).
            hidden: Used instead of ``ln_1(tokens)``, so that gradients of it can be taken.

        Returns:
            Normed tokens, (P, L, D), and head-averaged attention, (P, L, L).
        """
        visual = self._clip.visual
        x, weights = _run(visual.transformer.resblocks[-1], tokens, hidden, True)
        return visual.ln_post(x), weights

    def project(self, x: Tensor) -> Tensor:
        """Project normed tokens (..., D) into the space shared with texts, (..., E)."""
        return x @ self._clip.visual.proj

    def features(self, tokens: Tensor, hidden: Tensor) -> Tensor:
        """Compute image features: mean patch tokens, not normalised. Shape: (P, E)."""
        return self.project(self.finish(tokens, hidden)[0][:, 1:].mean(1))

    # Texts ----------------------------------------------------------------------------

    @property
    def _tokenizer(self) -> Any:
        return _tokenizer(self.sizes.context_length)

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Tokenize texts, with start and end, padded with 0. Shape: (G, context), int64.

        Raises:
            ValueError: A text is longer than the context.
        """
        most = self.sizes.context_length - 2  # start and end
        for text in texts:
            if (found := self.count_tokens(text)) > most:
                raise ValueError(
                    f'the text {text!r} has {found} tokens, CLIP takes {most}: shorten it'
                )
        return self._tokenizer(list(texts))

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text, without start and end."""
        return len(self._tokenizer.encode(text))

    @torch.no_grad()
    def text_features(self, texts: Sequence[str]) -> Tensor:
        """Encode whole texts, in single precision.

        Returns:
            Normalised. Shape: (G, E).

        Raises:
            ValueError: A text is longer than the context.
        """
        tokens = self.tokenize(texts)
        with torch.autocast(self.device.type, enabled=False):
            features = self.encode_text(self.embed_tokens(tokens), tokens.argmax(1))
            return F.normalize(features.float(), dim=-1)

    def embed_tokens(self, tokens: Tensor) -> Tensor:
        """Embed tokens, without positions. Shape: (G, T) to (G, T, D)."""
        return self._clip.token_embedding(tokens.to(self.device))

    def encode_text(self, embeddings: Tensor, end: Tensor) -> Tensor:
        """Compute text features of embedded tokens, not normalised; differentiable.

        Tokens after the last end token are left out, which attention does not see as it is causal.

        Args:
            embeddings: Embedded tokens without positions. Shape: (G, T, D).
            end: Index of each text's end token. Shape: (G,).

        Returns:
            Shape: (G, E).
        """
        clip, length = self._clip, int(end.max()) + 1
        x = embeddings[:, :length] + clip.positional_embedding[:length]
        x = clip.transformer(x, attn_mask=clip.attn_mask[:length, :length])
        x = clip.ln_final(x[torch.arange(len(x), device=x.device), end.to(x.device)])
        return x @ clip.text_projection


def _run(
    block: ResidualAttentionBlock, x: Tensor, hidden: Tensor, weights: bool
) -> tuple[Tensor, Any]:
    """Run a block on its normed input; also return its mean attention if ``weights``."""
    change, attention = block.attn(hidden, hidden, hidden, need_weights=weights)
    x = x + change
    return x + block.mlp(block.ln_2(x)), attention


@cache  # it reads a long list of words
def _tokenizer(context_length: int) -> Any:
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(context_length=context_length)
