"""Point and box prompts on many images in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from segment_anything.modeling import PromptEncoder

#: Kinds of token: padding of ours, SAM's "not a point", negative and positive point, box corners.
ABSENT, NOT_A_POINT, NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = range(-2, 4)


@dataclass(frozen=True, eq=False)
class Prompts:
    """A batch of prompts of different lengths, stored as input of SAM's prompt encoder.

    SAM appends one "not a point" token to a prompt without a box, and none to a prompt with one.
    Shorter prompts are padded with tokens of kind ``ABSENT``, which are masked in every attention:
    padding with more "not a point" tokens would change the masks.

    Args:
        image: Index of the image embedding that each prompt refers to, on the CPU.
            Shape: (P,), int64.
        coords: (x, y) in the encoder's frame; arbitrary for tokens without a position.
            Shape: (P, T, 2), float64.
        kinds: See the constants of this module. Shape: (P, T), int64.
    """

    image: Tensor
    coords: Tensor
    kinds: Tensor

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, index: slice) -> Prompts:
        """Select some of the prompts."""
        return Prompts(self.image[index], self.coords[index], self.kinds[index])

    @classmethod
    def ragged(
        cls,
        image: Sequence[int] | np.ndarray,
        points: Sequence[np.ndarray] | None = None,
        *,
        labels: Sequence[np.ndarray] | None = None,
        boxes: Sequence[np.ndarray | None] | None = None,
        device: torch.device | str = 'cpu',
    ) -> Prompts:
        """Make one batch of prompts of any lengths.

        Args:
            image: Index of the image embedding of each of P prompts.
            points: n points (x, y) of each prompt, in the encoder's frame. Shape: (n, 2) each.
            labels: 1 positive, 0 negative, -1 "not a point". Shape: (n,) each. Defaults to 1.
            boxes: (x1, y1, x2, y2) of each prompt, or None where it has no box.
            device: Device of the decoder.

        Raises:
            ValueError: The lists differ in length, a shape or a label is wrong, or a prompt is
                empty.
        """
        count = len(image)
        points = [np.zeros((0, 2))] * count if points is None else points
        labels = [np.full(len(p), POSITIVE) for p in points] if labels is None else labels
        boxes = [None] * count if boxes is None else boxes
        if not count == len(points) == len(labels) == len(boxes):
            raise ValueError(
                f'as many points, labels and boxes as images are expected ({count}), found '
                f'{len(points)}, {len(labels)} and {len(boxes)}'
            )
        rows = [_tokens(i, *row) for i, row in enumerate(zip(points, labels, boxes, strict=True))]
        length = max((len(kinds) for _, kinds in rows), default=1)
        coords = np.zeros((count, length, 2))
        kinds = np.full((count, length), ABSENT)
        for row, (where, what) in enumerate(rows):
            coords[row, : len(what)], kinds[row, : len(what)] = where, what
        return cls(
            torch.as_tensor(np.asarray(image, np.int64)),
            torch.as_tensor(coords, device=device),
            torch.as_tensor(kinds, device=device),
        )

    def embed(self, encoder: PromptEncoder) -> tuple[Tensor, Tensor]:
        """Embed the prompts as SAM's prompt encoder does.

        Args:
            encoder: The package's prompt encoder.

        Returns:
            Tokens (P, T, D) and a mask, bool (P, T), that is False for padding.
        """
        table = torch.cat(
            [encoder.not_a_point_embed.weight, *(e.weight for e in encoder.point_embeddings)]
        )
        # The package's own layer divides in float64 before it casts, so we do the same.
        with torch.autocast(self.coords.device.type, enabled=False):  # half precision is too coarse
            places = encoder.pe_layer.forward_with_coords(
                self.coords + 0.5, encoder.input_image_size
            )
        is_place = (self.kinds >= NEGATIVE)[..., None]
        tokens = places * is_place + table[(self.kinds - NOT_A_POINT).clamp(min=0)]
        return tokens, self.kinds != ABSENT


def _tokens(
    index: int, points: np.ndarray, labels: np.ndarray, box: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates (T, 2) and kinds (T,) of one prompt."""
    points, labels = np.asarray(points, np.float64), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1]:
        raise ValueError(
            f'prompt {index}: points (n, 2) and labels (n,) are expected, found {points.shape} '
            f'and {labels.shape}'
        )
    if not np.isin(labels, (NOT_A_POINT, NEGATIVE, POSITIVE)).all():
        raise ValueError(f'prompt {index}: labels are 1, 0 or -1, found {labels.tolist()}')
    if box is None:
        if not len(points):
            raise ValueError(f'prompt {index} has neither a point nor a box')
        return np.concatenate([points, [[0, 0]]]), np.append(labels, NOT_A_POINT)
    corners = np.asarray(box, np.float64)
    if corners.shape != (4,):
        raise ValueError(f'prompt {index}: a box is (x1, y1, x2, y2), found {corners.shape}')
    kinds = np.append(labels, (TOP_LEFT, BOTTOM_RIGHT))
    return np.concatenate([points, corners.reshape(2, 2)]), kinds
