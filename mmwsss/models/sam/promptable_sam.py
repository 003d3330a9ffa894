"""Segment Anything as a trainable part of a model."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmwsss.models.sam.decoder import FoldedDecoder
from mmwsss.models.sam.lora import add_lora, is_lora, lora_enabled
from mmwsss.models.sam.prompts import Prompts
from mmwsss.models.sam.sam import SAM
from mmwsss.models.sam.sizes import SAMSizes, build_sam, parse_sizes

SAM_PIXELS = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


class MaskAnswer(NamedTuple):
    """Masks for P prompts.

    Args:
        low: Logits. Shape: (P, 4 s, 4 s).
        iou: Predicted IoUs. Shape: (P,).
    """

    low: Tensor
    iou: Tensor


class PromptableSAM(nn.Module):
    """Trainable `Segment Anything <https://arxiv.org/abs/2304.02643>`_, optionally with LoRA.

    The modules are those of the package ``segment-anything``, unchanged. With a rank, only the
    LoRA on the encoder's attention is trained; without one, all weights are.

    Args:
        arch: As for :class:`~mmwsss.models.sam.sam.SAM`.
        rank: Rank of the LoRA; None for none.
        targets: Which attention projections LoRA changes, see
            :class:`~mmwsss.models.sam.lora.LoRAQKV`.
        with_cp: Activation checkpointing: compute the encoder's blocks again in the backward pass
            instead of keeping their activations.

    Raises:
        ImportError: segment-anything is not installed.
    """

    def __init__(
        self,
        *,
        arch: str | Mapping[str, Any] | SAMSizes = 'vit_b',
        rank: int | None = 4,
        targets: Sequence[str] = ('q', 'v'),
        with_cp: bool = False,
    ):
        super().__init__()
        self.with_cp = with_cp
        self.sizes = parse_sizes(arch)
        sam = build_sam(self.sizes)
        self.backbone = sam.image_encoder
        self.prompt_encoder = sam.prompt_encoder
        self.mask_decoder = sam.mask_decoder
        if rank is not None:
            self.requires_grad_(False)
            add_lora(self.backbone, rank=rank, targets=targets)

    @property
    def side(self) -> int:
        """Side of the encoder's square in pixels."""
        return self.sizes.image_size

    def load_sam(self, sam: SAM) -> None:
        """Load the weights of a SAM of the same size; LoRA parameters are not changed."""
        state = {
            from_sam_name(name, self): value for name, value in sam.module.state_dict().items()
        }
        missing, unexpected = self.load_state_dict(state, strict=False)
        assert not unexpected and all(map(is_lora, missing)), (missing, unexpected)

    def adaptation(self, enabled: bool) -> AbstractContextManager[None]:
        """Context in which LoRA is on or off; off, this is the SAM that training started from."""
        return lora_enabled(self.backbone, enabled)

    def encode(self, x: Tensor) -> Tensor:
        """Embed images that have the encoder's size. Shape: (N, 3, S, S) to (N, D, s, s)."""
        encoder = self.backbone
        if not (self.with_cp and torch.is_grad_enabled()):
            return encoder(x)
        x = encoder.patch_embed(x)
        if encoder.pos_embed is not None:
            x = x + encoder.pos_embed
        for block in encoder.blocks:
            x = checkpoint(block, x, use_reentrant=False)
        return encoder.neck(x.permute(0, 3, 1, 2))

    def prompts(self, boxes: Sequence[np.ndarray]) -> Prompts:
        """Make one prompt for each box of N images, in order.

        Args:
            boxes: ``(x1, y1, x2, y2)`` in the encoder's frame, float64. Shape: (n, 4) each.
        """
        image = np.repeat(np.arange(len(boxes)), [len(own) for own in boxes])
        return Prompts.ragged(image, boxes=[box for own in boxes for box in own])

    def decode(self, embeddings: Tensor, prompts: Prompts) -> MaskAnswer:
        """Predict one mask (SAM's single-mask output) per prompt, all prompts in one batch.

        Args:
            embeddings: Embeddings of N images. Shape: (N, D, s, s).
            prompts: P prompts on any of the images.
        """
        device = embeddings.device
        if not len(prompts):
            side = 4 * self.sizes.grid
            return MaskAnswer(embeddings.new_zeros((0, side, side)), embeddings.new_zeros(0))
        tokens, present = Prompts(
            prompts.image, prompts.coords.to(device), prompts.kinds.to(device)
        ).embed(self.prompt_encoder)
        with torch.autocast(device.type, enabled=False):
            pe = self.prompt_encoder.get_dense_pe()
        # Rebuilt on every call: it precomputes from weights that may have been trained since.
        decoder = FoldedDecoder(self.mask_decoder, pe)
        dense = self.prompt_encoder.no_mask_embed.weight.view(1, -1, 1, 1)
        images = decoder.prepare(embeddings + dense).select(prompts.image.to(device))
        out, keys = decoder.attend(images, tokens, present, (1, FoldedDecoder.IOU_TOKEN))
        low = decoder.masks(keys, out[:, :1], (0,))[:, 0]
        iou = self.mask_decoder.iou_prediction_head(out[:, 1])[:, 0]
        return MaskAnswer(low, iou)

    def upsample(self, low: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Upsample logits to the encoder's size and crop them to the part that the image fills.

        Args:
            low: Shape: (n, 4 s, 4 s).
            size: (H, W) of the image in the encoder's square. Defaults to all of it.

        Returns:
            Shape: (n, H, W).
        """
        masks = F.interpolate(
            low[:, None], (self.side, self.side), mode='bilinear', align_corners=False
        )[:, 0]
        return masks if size is None else masks[:, : size[0], : size[1]]

    @torch.no_grad()
    def fingerprint(self) -> Tensor:
        """Checksum of the frozen base weights, to tell one SAM from another. Shape: (2,)."""
        # One by one: all of them in float64 would take twice the memory of the network.
        total = torch.zeros(2, dtype=torch.float64)
        for name, parameter in self.named_parameters():
            if not is_lora(name):
                value = parameter.double()
                total += torch.stack([value.sum(), value.abs().sum()]).cpu()
        return total


def from_sam_name(name: str, sam: PromptableSAM | None = None) -> str:
    """Convert segment-anything's parameter name to ours.

    Args:
        name: E.g. ``image_encoder.blocks.0.attn.qkv.weight``.
        sam: The network; its projections have LoRA (``qkv.base``) unless it has none.
    """
    name = re.sub(r'^image_encoder\.', 'backbone.', name)
    if sam is not None and not any(map(is_lora, (n for n, _ in sam.named_parameters()))):
        return name
    return re.sub(r'\.attn\.qkv\.(weight|bias)$', r'.attn.qkv.base.\1', name)


def to_sam_name(name: str) -> str:
    """Convert our parameter name to segment-anything's."""
    return re.sub(r'^(sam\.)?backbone\.', 'image_encoder.', name).removeprefix('sam.')
