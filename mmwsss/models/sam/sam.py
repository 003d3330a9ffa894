"""Frozen, batched Segment Anything (SAM), built on the package ``segment-anything``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

from mmwsss.models.sam.checkpoint import read_sam_state, state_sizes
from mmwsss.models.sam.decoder import FoldedDecoder, ImageTokens
from mmwsss.models.sam.prompts import Prompts
from mmwsss.models.sam.sizes import (
    SAMSizes,
    build_sam,
    describe_mismatch,
    parse_sizes,
)
from mmwsss.registry import MODELS
from mmwsss.stores.hashing import hash_file

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

CPU_GIB = 0.25  # more at a time is slower on CPUs: it no longer fits the caches
DTYPES = {'float32': torch.float32, 'float16': torch.float16, 'bfloat16': torch.bfloat16}


class SAMOutput(NamedTuple):
    """Masks for P prompts.

    Args:
        logits: Low-resolution logits; a mask is where they exceed 0. Shape: (P, K, 4 s, 4 s).
        iou: Predicted IoU of the three masks. Shape: (P, 3); None if not asked for.
    """

    logits: Tensor
    iou: Tensor | None


@MODELS.register_module()
class SAM:
    """Frozen `Segment Anything <https://arxiv.org/abs/2304.02643>`_ that other models call.

    It is not an ``nn.Module``: its weights appear neither in the parameters nor in the checkpoints
    of the model that holds it, and it is never put into train mode. It moves to the device of the
    images that it is given and is cast to ``dtype`` once, on construction. Copies of a model share
    it.

    Args:
        arch: ``'vit_b'``, ``'vit_l'``, ``'vit_h'``, the fields of
            :class:`~mmwsss.models.sam.sizes.SAMSizes`, or ``'auto'``, which reads the sizes off
            the checkpoint.
        checkpoint: A published ``.pth`` file. None leaves the weights random, for tests and
            benchmarks.
        dtype: ``'float32'``, ``'float16'`` or ``'bfloat16'`` of encoder and decoder. Prompts are
            embedded, and masks resized, in float32 in any case.
        images_per_pass: Images per forward pass of the encoder. Defaults to all that it is given.
        memory_gib: Memory that decoding and resizing may use, in GiB; it sets how many prompts
            and masks are processed at a time.

    Raises:
        ValueError: An argument is unknown, or the checkpoint is of another kind.
        ImportError: segment-anything is not installed.
    """

    mask_threshold = 0.0

    def __init__(
        self,
        *,
        arch: str | Mapping[str, Any] | SAMSizes = 'vit_h',
        checkpoint: str | Path | None = None,
        dtype: str = 'float32',
        images_per_pass: int | None = None,
        memory_gib: float = 4.0,
    ):
        if dtype not in DTYPES:
            raise ValueError(f'dtype must be one of {", ".join(DTYPES)}, found {dtype!r}')
        if images_per_pass is not None and images_per_pass < 1:
            raise ValueError(f'images_per_pass is at least 1, found {images_per_pass}')
        if memory_gib <= 0:
            raise ValueError(f'memory_gib is positive, found {memory_gib}')
        self.checkpoint = None if checkpoint is None else str(checkpoint)
        state = None if checkpoint is None else read_sam_state(Path(checkpoint))
        if arch == 'auto' and state is not None:
            arch = state_sizes(state, f'{checkpoint}: ')
        self.sizes = parse_sizes(arch)
        self.dtype = DTYPES[dtype]
        self.images_per_pass = images_per_pass
        self.memory_gib = memory_gib
        self._sam = build_sam(self.sizes).requires_grad_(False).eval()
        if state is None:
            print_log('SAM has no checkpoint: its weights are random', 'current', 30)
        else:
            self.load_state_dict(state, where=f'{checkpoint}: ')
        for part in (self._sam.image_encoder, self._sam.mask_decoder):
            part.to(self.dtype)
        self._decoder: FoldedDecoder | None = None
        self._hash: str | None = None

    def __deepcopy__(self, memo: dict) -> SAM:
        return self

    def load_state_dict(self, state: Mapping[str, Tensor], where: str = '') -> None:
        """Load weights that have the package's parameter names.

        Args:
            state: State dict of a ``segment_anything.Sam``.
            where: Where the weights came from; error messages begin with it.

        Raises:
            ValueError: It is not a SAM, or has another size; the message says which ``arch`` fits.
        """
        found = state_sizes(state, where)
        if mismatch := describe_mismatch(found, self.sizes):
            raise ValueError(f'{where}a SAM of other sizes: {mismatch}')
        try:
            self._sam.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError(f'{where}no checkpoint of segment-anything 1.0: {error}') from None
        self._decoder = None

    @property
    def module(self) -> Sam:
        """The package's network."""
        return self._sam

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self._sam.device

    def to(self, device: torch.device | str) -> SAM:
        """Move to a device unless already there."""
        before = self.device
        if torch.device(device) != before:  # 'cuda' may mean 'cuda:0', where it already is
            self._sam.to(device)
        if self.device != before:
            self._decoder = None
        return self

    @property
    def decoder(self) -> FoldedDecoder:
        """The fast decoder for the current device."""
        if self._decoder is None:
            with torch.no_grad():
                pe = self._sam.prompt_encoder.get_dense_pe()
                self._decoder = FoldedDecoder(self._sam.mask_decoder, pe)
        return self._decoder

    def protocol(self) -> dict[str, Any]:
        """Describe this SAM for the record of a store; the checkpoint is hashed once."""
        if self._hash is None:
            self._hash = hash_file(self.checkpoint) if self.checkpoint else ''
        return dict(
            embed_dims=self.sizes.embed_dims,
            depth=self.sizes.depth,
            checkpoint=self._hash,
            dtype=str(self.dtype).removeprefix('torch.'),
        )

    @torch.no_grad()
    def encode(self, images: Tensor | Sequence[Tensor]) -> Tensor:
        """Embed a batch of images.

        Args:
            images: RGB, 0..255, not larger than the encoder's square; smaller ones are padded on
                the right and at the bottom. Shape: (N, 3, h, w), or N of (3, h, w).

        Returns:
            Shape: (N, D, s, s), in the dtype of the encoder.
        """
        size = self.images_per_pass or max(1, len(images))
        self.to(images[0].device)
        parts = []
        for start in range(0, len(images), size):
            x = torch.stack([self._normalize(image) for image in images[start : start + size]])
            parts.append(self._sam.image_encoder(x.to(self.dtype)))
        return torch.cat(parts)

    def _normalize(self, image: Tensor) -> Tensor:
        side, (height, width) = self.sizes.image_size, image.shape[-2:]
        if max(height, width) > side:
            raise ValueError(
                f'images of at most {side} pixels are expected, found {width} x {height}'
            )
        image = (image.float() - self._sam.pixel_mean) / self._sam.pixel_std
        return F.pad(image, (0, side - width, 0, side - height))

    def prompts(
        self,
        image: Sequence[int] | np.ndarray,
        points: Sequence[np.ndarray] | None = None,
        *,
        labels: Sequence[np.ndarray] | None = None,
        boxes: Sequence[np.ndarray | None] | None = None,
    ) -> Prompts:
        """Make one batch of prompts, see :meth:`Prompts.ragged`."""
        return Prompts.ragged(image, points, labels=labels, boxes=boxes, device=self.device)

    @torch.no_grad()
    def decode(
        self,
        embeddings: Tensor,
        prompts: Prompts,
        *,
        outputs: Sequence[int] = (1, 2, 3),
        with_iou: bool = True,
    ) -> SAMOutput:
        """Predict masks for prompts of any lengths on any of the images, as if one by one.

        Args:
            embeddings: From :meth:`encode`. Shape: (N, D, s, s).
            prompts: P prompts.
            outputs: Which masks: 0 the single one, 1..3 SAM's three (part, whole, ...).
            with_iou: Also predict the IoUs.

        Returns:
            In float32.
        """
        wanted = [1 + output for output in outputs]
        wanted += [FoldedDecoder.IOU_TOKEN] if with_iou else []
        rows, image = prompts.image.unique(return_inverse=True)
        images = self.prepare(embeddings[rows])
        side = 4 * self.sizes.grid
        logits = embeddings.new_empty((len(prompts), len(outputs), side, side), dtype=torch.float32)
        iou = logits.new_empty((len(prompts), 3)) if with_iou else None
        size = self.prompts_per_pass
        for start in range(0, len(prompts), size):
            part = slice(start, start + size)
            out, keys = self.attend(images.select(image[part]), prompts[part], wanted)
            logits[part] = self.decoder.masks(keys, out[:, : len(outputs)], outputs)
            if iou is not None:
                iou[part] = self.decoder.quality(out[:, -1])
        return SAMOutput(logits, iou)

    @property
    def prompts_per_pass(self) -> int:
        """How many prompts to decode at a time within the memory budget."""
        # Image tokens, their intermediate results and the eight times larger upscaled tokens.
        numbers = self.sizes.grid**2 * self.sizes.out_channels * (6 + 3 * 8)
        return self._fit(numbers * self.dtype.itemsize)

    def masks_per_pass(self, size: tuple[int, int]) -> int:
        """How many masks to resize to (H, W) at a time within the memory budget."""
        return self._fit(4 * (2 * self.sizes.image_size**2 + 3 * size[0] * size[1]))

    def _fit(self, size: int) -> int:
        memory = min(self.memory_gib, CPU_GIB) if self.device.type == 'cpu' else self.memory_gib
        return max(1, int(memory * 2**30 / size))

    @torch.no_grad()
    def prepare(self, embeddings: Tensor) -> ImageTokens:
        """First step of :meth:`decode`: compute what all prompts on an image share."""
        dense = self._sam.prompt_encoder.no_mask_embed.weight.view(1, -1, 1, 1)
        return self.decoder.prepare(embeddings + dense.to(embeddings))

    @torch.no_grad()
    def attend(
        self, images: ImageTokens, prompts: Prompts, wanted: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Second step of :meth:`decode`, see :meth:`FoldedDecoder.attend`."""
        tokens, present = prompts.embed(self._sam.prompt_encoder)
        return self.decoder.attend(images, tokens, present, wanted)

    def upscale(self, logits: Tensor, input_size: tuple[int, int], size: tuple[int, int]) -> Tensor:
        """Upsample logits to full resolution, in the package's two bilinear steps.

        Padding is cropped before the first step instead of after it, which changes no value.

        Args:
            logits: Shape: (P, K, 4 s, 4 s).
            input_size: (h, w) of the image in the encoder's square.
            size: (H, W) of the image.

        Returns:
            Shape: (P, K, H, W).
        """
        factor = self.sizes.image_size // (4 * self.sizes.grid)
        rows, columns = (min(-(-n // factor) + 1, 4 * self.sizes.grid) for n in input_size)
        logits = logits[..., :rows, :columns]
        large = F.interpolate(
            logits, (rows * factor, columns * factor), mode='bilinear', align_corners=False
        )
        large = large[..., : input_size[0], : input_size[1]]
        return F.interpolate(large, size, mode='bilinear', align_corners=False)
