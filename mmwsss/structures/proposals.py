"""Class-agnostic masks of one image, run-length encoded."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Proposals:
    """Masks of one image in rank order, the best first.

    Each mask is a run-length code over its pixels in row-major order, beginning with
    a run of zeros (which may be empty). The codes of all masks lie in one array.

    Args:
        rle_counts: Run lengths of all masks, one after the other. Shape: (R,), uint32.
        rle_offsets: Mask ``i`` owns ``rle_counts[offsets[i]:offsets[i + 1]]``.
            Shape: (M + 1,), int64.
        boxes: ``(x1, y1, x2, y2)`` in pixels, ends exclusive. Shape: (M, 4), float32.
        iou: Predicted quality. Shape: (M,), float32.
        stability: Stability score. Shape: (M,), float32.
        level: Granularity, 0 the finest. Shape: (M,), int16.
        size: ``(H, W)`` of the image.

    Raises:
        ValueError: Shapes disagree or a mask does not have H * W pixels.
    """

    rle_counts: np.ndarray
    rle_offsets: np.ndarray
    boxes: np.ndarray
    iou: np.ndarray
    stability: np.ndarray
    level: np.ndarray
    size: tuple[int, int]

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, 'rle_counts', np.asarray(self.rle_counts, np.uint32))
        set_(self, 'rle_offsets', np.asarray(self.rle_offsets, np.int64))
        set_(self, 'boxes', np.asarray(self.boxes, np.float32).reshape(-1, 4))
        set_(self, 'iou', np.asarray(self.iou, np.float32))
        set_(self, 'stability', np.asarray(self.stability, np.float32))
        set_(self, 'level', np.asarray(self.level, np.int16))
        set_(self, 'size', (int(self.size[0]), int(self.size[1])))
        offsets, count = self.rle_offsets, len(self.rle_offsets) - 1
        if offsets.ndim != 1 or count < 0 or offsets[0] != 0 or (np.diff(offsets) < 1).any():
            raise ValueError('rle_offsets must begin with 0 and ascend, one entry more than masks')
        if offsets[-1] != len(self.rle_counts):
            raise ValueError(
                f'rle_offsets end at {offsets[-1]}, rle_counts has {len(self.rle_counts)} entries'
            )
        for name in ('boxes', 'iou', 'stability', 'level'):
            if len(getattr(self, name)) != count:
                raise ValueError(
                    f'{name} must have {count} entries, found {len(getattr(self, name))}'
                )
        pixels = self.size[0] * self.size[1]
        totals = np.zeros(0, np.int64)
        if count:
            totals = np.add.reduceat(self.rle_counts.astype(np.int64), offsets[:-1])
        wrong = np.flatnonzero(totals != pixels)
        if len(wrong):
            raise ValueError(
                f'mask {wrong[0]} codes {totals[wrong[0]]} pixels, the image has {pixels}'
            )

    def __len__(self) -> int:
        return len(self.iou)

    @classmethod
    def from_masks(
        cls,
        masks: np.ndarray,
        *,
        iou: np.ndarray,
        stability: np.ndarray,
        level: np.ndarray,
    ) -> 'Proposals':
        """Encode boolean masks.

        Args:
            masks: Boolean masks in rank order. Shape: (M, H, W).
            iou: Shape: (M,).
            stability: Shape: (M,).
            level: Shape: (M,).
        """
        masks = np.asarray(masks, bool)
        if masks.ndim != 3:
            raise ValueError(f'masks must have shape (M, H, W), found {masks.shape}')
        count, height, width = masks.shape
        flat = masks.reshape(count, height * width)
        # A run starts where a pixel differs from the one before; before the first
        # pixel there is, by convention, a zero.
        before = np.zeros_like(flat)
        before[:, 1:] = flat[:, :-1]
        row, start = np.nonzero(flat != before)
        runs = np.bincount(row, minlength=count) + 1
        offsets = np.concatenate([[0], np.cumsum(runs)]).astype(np.int64)
        # Positions of all run borders, each row closed by its number of pixels.
        borders = np.insert(start, np.cumsum(runs - 1), height * width)
        counts = np.diff(borders, prepend=0)
        first = offsets[:-1]
        counts[first] = borders[first]
        return cls(counts, offsets, _boxes(masks), iou, stability, level, (height, width))

    def masks(self) -> np.ndarray:
        """Decode all masks to a boolean array of shape (M, H, W)."""
        count = len(self)
        position = np.arange(len(self.rle_counts)) - np.repeat(
            self.rle_offsets[:-1], np.diff(self.rle_offsets)
        )
        return np.repeat(position % 2 == 1, self.rle_counts).reshape(count, *self.size)

    def areas(self) -> np.ndarray:
        """Number of pixels of each mask. Shape: (M,), int64."""
        position = np.arange(len(self.rle_counts)) - np.repeat(
            self.rle_offsets[:-1], np.diff(self.rle_offsets)
        )
        on = np.where(position % 2 == 1, self.rle_counts, 0).astype(np.int64)
        return np.add.reduceat(on, self.rle_offsets[:-1]) if len(self) else on

    def label_map(self) -> np.ndarray:
        """Make a map with one mask id per pixel, numbered as in S2C's segment maps.

        Returns:
            int32 (H, W): -1 where no mask lies, else ``M - 1 - rank`` of the best
            ranked mask there, so that a better mask has the larger id.
        """
        masks = self.masks()
        if not len(masks):
            return np.full(self.size, -1, np.int32)
        best = masks.argmax(0)  # first True is the best rank
        ids = (len(masks) - 1 - best).astype(np.int32)
        return np.where(masks.any(0), ids, np.int32(-1))


def _boxes(masks: np.ndarray) -> np.ndarray:
    """Tight boxes of masks, zeros for an empty one. Shape: (M, 4)."""
    columns: np.ndarray = np.any(masks, 1)
    rows: np.ndarray = np.any(masks, 2)
    found: np.ndarray = np.any(rows, 1, keepdims=True)
    ends = [rows.shape[1] - rows[:, ::-1].argmax(1), columns.shape[1] - columns[:, ::-1].argmax(1)]
    boxes = np.stack([columns.argmax(1), rows.argmax(1), ends[1], ends[0]], 1)
    return np.where(found, boxes, 0).astype(np.float32)
