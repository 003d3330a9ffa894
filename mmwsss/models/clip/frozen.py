"""The weights of a frozen CLIP: loaded, moved and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmwsss.models.clip.archive import read_clip_weights
from mmwsss.models.clip.sizes import (
    CLIPSizes,
    build_clip,
    describe_mismatch,
    parse_sizes,
    sizes_of,
)
from mmwsss.stores.hashing import hash_file

if TYPE_CHECKING:
    from open_clip.model import CLIP as OpenCLIP
    from typing_extensions import Self


class FrozenCLIP:
    """Holds a CLIP of ``open_clip`` that is not trained.

    It is no ``nn.Module``: a model that holds it has it neither in its parameters nor in its
    checkpoints, and cannot put it into train mode. Copies of a model share it.

    Args:
        arch: See :func:`~mmwsss.models.clip.sizes.parse_sizes`.
        checkpoint: See :func:`~mmwsss.models.clip.archive.read_clip_weights`. None leaves the
            weights random.

    Raises:
        ValueError: ``arch`` is unknown, or the weights are of another network.
        ImportError: open_clip is not installed.
    """

    def __init__(self, arch: str | Mapping[str, Any] | CLIPSizes, checkpoint: str | Path | None):
        self.sizes = parse_sizes(arch)
        self.checkpoint = None if checkpoint is None else str(checkpoint)
        with torch.device('cpu'):  # even where a model is built on the meta device
            self._clip = build_clip(self.sizes).requires_grad_(False).eval()
        if checkpoint is None:
            print_log('CLIP has no checkpoint: its weights are random', 'current', 30)
        else:
            self.load_state_dict(read_clip_weights(checkpoint), where=f'{checkpoint}: ')
        self._hash: str | None = None

    def __deepcopy__(self, memo: dict) -> Self:
        return self

    def load_state_dict(self, state: Mapping[str, Tensor], where: str = '') -> None:
        """Load weights with OpenAI's names, of any floating type.

        Args:
            state: State dict of a CLIP.
            where: Begins the message of an error.

        Raises:
            ValueError: It is no CLIP, or one of other sizes; the message says what fits.
        """
        try:
            found = sizes_of(state)
        except ValueError as error:
            raise ValueError(f'{where}{error}') from None
        if mismatch := describe_mismatch(found, self.sizes):
            raise ValueError(f'{where}a CLIP of other sizes: {mismatch}')
        try:
            self._clip.load_state_dict({k: v.float() for k, v in state.items()})
        except RuntimeError as error:
            raise ValueError(f'{where}no weights of a CLIP: {error}') from None

    @property
    def module(self) -> OpenCLIP:
        """The package's ``CLIP``."""
        return self._clip

    @property
    def device(self) -> torch.device:
        """The device that the network is on."""
        return self._clip.logit_scale.device

    def to(self, device: torch.device | str) -> Self:
        """Move to a device, if it is not there."""
        if torch.device(device) != self.device:
            self._clip.to(device)
        return self

    @property
    def scale(self) -> Tensor:
        """Factor of the cosines, about 100."""
        return self._clip.logit_scale.float().exp()

    def protocol(self) -> dict[str, Any]:
        """Describe this CLIP for the record of a store; the checkpoint is hashed once."""
        if self._hash is None:
            self._hash = hash_file(self.checkpoint) if self.checkpoint else ''
        sizes = self.sizes
        return dict(
            width=sizes.vision_width,
            layers=sizes.vision_layers,
            patch=sizes.vision_patch_size,
            checkpoint=self._hash,
        )
