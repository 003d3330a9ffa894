"""Boxes of one image that a detector found for class names."""

from dataclasses import dataclass, replace

import numpy as np

#: Class of a box that belongs to none: background, or a phrase without a class.
NO_CLASS = -1


@dataclass(frozen=True, eq=False)
class BoxPrompts:
    """Boxes relative to the image size, so that they fit the image at every size.

    Args:
        boxes: ``(x1, y1, x2, y2)`` in units of width and height. Detectors may reach beyond the
            image, so values may leave [0, 1]. Shape: (n, 4), float32.
        scores: Confidences in [0, 1]. Shape: (n,), float32.
        classes: Foreground ids 0..C-1, or -1 for none. Shape: (n,), int16.
        size: ``(H, W)`` of the image.

    Raises:
        ValueError: Shapes disagree, or a value is out of range.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    size: tuple[int, int]

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, 'boxes', np.asarray(self.boxes, np.float32).reshape(-1, 4))
        set_(self, 'scores', np.asarray(self.scores, np.float32).reshape(-1))
        set_(self, 'classes', np.asarray(self.classes, np.int16).reshape(-1))
        set_(self, 'size', (int(self.size[0]), int(self.size[1])))
        counts = len(self.boxes), len(self.scores), len(self.classes)
        if len(set(counts)) > 1:
            raise ValueError(
                f'as many boxes as scores and classes are expected, found {counts[0]}, {counts[1]} '
                f'and {counts[2]}'
            )
        if min(self.size) < 1:
            raise ValueError(f'size is (H, W) of an image, found {self.size}')
        if not np.isfinite(self.boxes).all() or (self.boxes[:, 2:] < self.boxes[:, :2]).any():
            raise ValueError('boxes are finite (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2')
        if ((self.scores < 0) | (self.scores > 1)).any() or np.isnan(self.scores).any():
            raise ValueError('scores are in [0, 1]')
        if (self.classes < NO_CLASS).any():
            raise ValueError(f'classes are 0..C-1 or {NO_CLASS}, found {self.classes.min()}')

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls, size: tuple[int, int]) -> 'BoxPrompts':
        """Return empty prompts, for an image in which nothing was found."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros(0), size)

    def __getitem__(self, index: np.ndarray) -> 'BoxPrompts':
        """Select boxes by a mask or by indices."""
        return replace(
            self, boxes=self.boxes[index], scores=self.scores[index], classes=self.classes[index]
        )

    def flip(self, *, horizontal: bool = False, vertical: bool = False) -> 'BoxPrompts':
        """The same boxes on the mirrored image."""
        x1, y1, x2, y2 = self.boxes.T
        if horizontal:
            x1, x2 = 1 - x2, 1 - x1
        if vertical:
            y1, y2 = 1 - y2, 1 - y1
        return replace(self, boxes=np.stack([x1, y1, x2, y2], 1))

    def pixels(self, size: tuple[int, int]) -> np.ndarray:
        """Boxes in pixels of the image at a size (H, W). Shape: (n, 4), float64."""
        return self.boxes.astype(np.float64) * np.array([*size[::-1], *size[::-1]], np.float64)
