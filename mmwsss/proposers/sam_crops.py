"""What SAM's "segment everything" mode looks at, and the masks that it finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmwsss.structures import Proposals


@dataclass
class CropView:
    """An image or a crop of it, resized for SAM."""

    image: int
    box: tuple[int, int, int, int]
    layer: int
    full_size: tuple[int, int]
    input_size: tuple[int, int] = (0, 0)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the crop."""
        return self.box[3] - self.box[1], self.box[2] - self.box[0]


@dataclass
class FoundMasks:
    """Masks of a view: low-resolution logits (M, 4 s, 4 s); (M,), (M, 4) or (M, 2) of the rest.

    Boxes and points are in the frame of the image once a view has been searched.
    """

    logits: Tensor
    iou: Tensor
    stability: Tensor
    boxes: Tensor
    level: Tensor
    point: Tensor

    def __getitem__(self, index: Tensor) -> FoundMasks:
        return FoundMasks(*(x[index] for x in vars(self).values()))

    @staticmethod
    def nothing(side: int, device: torch.device) -> FoundMasks:
        """No mask."""
        none = torch.zeros(0, device=device)
        level = none.long()
        boxes, points = level.view(0, 4), none.view(0, 2)
        return FoundMasks(none.view(0, side, side), none, none, boxes, level, points)

    @staticmethod
    def cat(parts: Sequence[FoundMasks]) -> FoundMasks:
        """All masks of several."""
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return FoundMasks(*(torch.cat(column) for column in columns))


def gather_proposals(parts: Sequence[Proposals], order: np.ndarray) -> Proposals:
    """Some masks of several batches of one image, in a new order.

    Args:
        parts: The batches.
        order: Places of the masks in the batches laid end to end.
    """
    codes = [
        part.rle_counts[start:end]
        for part in parts
        for start, end in zip(part.rle_offsets, part.rle_offsets[1:], strict=False)
    ]
    codes = [codes[i] for i in order]
    boxes, iou, stability, level = (
        np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ('boxes', 'iou', 'stability', 'level')
    )
    return Proposals(
        np.concatenate(codes),
        np.cumsum([0, *map(len, codes)]),
        boxes,
        iou,
        stability,
        level,
        parts[0].size,
    )
