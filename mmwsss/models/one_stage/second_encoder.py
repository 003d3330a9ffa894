"""A frozen vision backbone beside CLIP."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.models.conversion.checkpoint_format import rename
from mmwsss.models.conversion.reading import read_checkpoint
from mmwsss.models.conversion.weclip_keys import DINOV2_RULES
from mmwsss.registry import MODELS
from mmwsss.stores.hashing import hash_file


class SecondEncoder:
    """Frozen backbone that provides a second set of features, e.g. DINOv2.

    Like :class:`~mmwsss.models.clip.clip.CLIP` it is no ``nn.Module``, so that it is not saved in
    checkpoints, stays in evaluation mode and is shared by copies of a model.

    Args:
        backbone: Config of a backbone whose last output is a map (N, D, h, w), e.g. mmpretrain's
            ``VisionTransformer`` with ``out_type='featmap'``; or a network with its weights.
        channels: Number of channels D.
        patch: Images are resized so that their sides are multiples of this, rounded down (bilinear,
            not antialiased).
        checkpoint: File of its weights, under its own names or DINOv2's
            (``dinov2_vits14_pretrain.pth``). Needed if ``backbone`` is a config.
        prefix: Read only names in the checkpoint that begin with this, and cut it off.

    Raises:
        ValueError: There is no checkpoint, or it lacks weights of the backbone.
    """

    def __init__(
        self,
        backbone: Mapping[str, Any] | nn.Module,
        *,
        channels: int,
        patch: int = 14,
        checkpoint: str | Path | None = None,
        prefix: str = '',
    ) -> None:
        self.channels, self.patch = channels, patch
        self.checkpoint = None if checkpoint is None else str(checkpoint)
        if isinstance(backbone, Mapping):
            if checkpoint is None:
                raise ValueError(
                    f'the second encoder, a {backbone.get("type")}, has no weights, and without '
                    'them the segmentor learns from noise: set checkpoint to a file, e.g. '
                    'dinov2_vits14_pretrain.pth'
                )
            with torch.device('cpu'):
                network: nn.Module = MODELS.build(dict(backbone))
            self._load(network, str(checkpoint), prefix)
        else:
            network = backbone
        self._backbone = network.requires_grad_(False)
        self._backbone.eval()  # a line of its own: mmpretrain's returns nothing
        self._hash: str | None = None

    def __deepcopy__(self, memo: dict) -> 'SecondEncoder':
        return self

    @staticmethod
    def _load(backbone: nn.Module, checkpoint: str, prefix: str) -> None:
        state = read_checkpoint(checkpoint)
        names = [name for name in state if name.startswith(prefix)]
        own = {name.removeprefix(prefix): state[name] for name in names}
        if any(name.startswith('blocks.') for name in own):
            own = {rename(name, DINOV2_RULES): value for name, value in own.items()}
        try:
            missing = backbone.load_state_dict(own, strict=False).missing_keys
        except RuntimeError as error:
            raise ValueError(f'{checkpoint}: of another network: {error}') from None
        if missing:
            raise ValueError(
                f'{checkpoint}: lacks {len(missing)} of the weights of the second encoder, e.g. '
                f'{missing[0]} (it has {", ".join(list(state)[:3])}, ...)'
            )

    def size(self, image: Sequence[int]) -> tuple[int, int]:
        """Return the size to which an image (H, W) is resized.

        Raises:
            ValueError: It is smaller than a patch.
        """
        height, width = (side // self.patch * self.patch for side in image)
        if not height or not width:
            raise ValueError(
                f'an image of {tuple(image)} is smaller than a patch of {self.patch} pixels'
            )
        return height, width

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Compute features of normalised images. Shape: (N, 3, H, W) to (N, D, h, w), float32.

        Raises:
            ValueError: The backbone gives another number of channels than ``channels``.
        """
        self._backbone.to(x.device)
        found = self._backbone(F.interpolate(x, self.size(x.shape[-2:]), mode='bilinear'))
        found = found[-1] if isinstance(found, (tuple, list)) else found
        if found.ndim != 4 or found.shape[1] != self.channels:
            raise ValueError(
                f'the second encoder gives {tuple(found.shape)}, expected (N, {self.channels}, h, '
                "w): set channels, and out_type='featmap' of a transformer"
            )
        return found.float()

    def protocol(self) -> dict[str, Any]:
        """Describe the encoder for the record of a store; the checkpoint is hashed once."""
        if self._hash is None:
            self._hash = hash_file(self.checkpoint) if self.checkpoint else ''
        return dict(channels=self.channels, patch=self.patch, checkpoint=self._hash)
