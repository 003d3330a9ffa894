"""Compute with all masks of an image at once, on runs of pixels instead of pixels."""

from __future__ import annotations

import numpy as np

from mmwsss.structures import Proposals


class MaskRuns:
    """Masks stored as runs of pixels, row by row.

    A mask has a few hundred runs, while a photo has 10^5 pixels or more. Sums over masks are
    differences of cumulative sums at the ends of runs, so masks are never decoded.

    Args:
        proposals: S masks of an image.

    Attributes:
        size: (H, W) of the image.
        starts: First pixel of each run, mask by mask. Shape: (R,), int64.
        ends: Pixel after each run. Shape: (R,), int64.
        first: Mask i owns runs ``first[i]`` to ``first[i + 1]``. Shape: (S + 1,), int64.
        areas: Pixels of each mask. Shape: (S,), int64.
    """

    def __init__(self, proposals: Proposals) -> None:
        self.size = proposals.size
        self.pixels = self.size[0] * self.size[1]
        offsets, counts = proposals.rle_offsets, proposals.rle_counts.astype(np.int64)
        codes = np.diff(offsets)
        ends = np.cumsum(counts) - self.pixels * np.repeat(np.arange(len(codes)), codes)
        # In run-length codes every second entry, from the second on, is a run inside the mask.
        inside = (np.arange(len(counts)) - np.repeat(offsets[:-1], codes)) % 2 == 1
        self.starts, self.ends = (ends - counts)[inside], ends[inside]
        self.first = np.concatenate([[0], np.cumsum(codes // 2)])
        self.areas = self._by_mask((self.ends - self.starts)[None])[0]

    def __len__(self) -> int:
        return len(self.areas)

    def _by_mask(self, values: np.ndarray) -> np.ndarray:
        """Sum values of runs by mask. Shape: (P, R) to (P, S)."""
        running = np.zeros((len(values), values.shape[1] + 1), values.dtype)
        np.cumsum(values, 1, out=running[:, 1:])
        return running[:, self.first[1:]] - running[:, self.first[:-1]]

    def sum(self, maps: np.ndarray) -> np.ndarray:
        """Sum each map over each mask.

        Args:
            maps: Shape: (P, H, W).

        Returns:
            Shape: (P, S), float64.
        """
        inside = np.empty((len(maps), len(self.starts)))
        running = np.empty(self.pixels + 1)
        running[0] = 0
        for own, values in zip(inside, maps, strict=True):  # one map at a time stays in the cache
            np.cumsum(values, dtype=np.float64, out=running[1:])
            np.subtract(running[self.ends], running[self.starts], out=own)
        return self._by_mask(inside)

    def mean(self, maps: np.ndarray) -> np.ndarray:
        """Average each map over each mask; 0 for an empty mask. Shapes as in :meth:`sum`."""
        return self.sum(maps) / np.maximum(self.areas, 1)

    def take(self, index: np.ndarray) -> MaskRuns:
        """Select masks by index, in this order."""
        part = object.__new__(MaskRuns)
        part.size, part.pixels, part.areas = self.size, self.pixels, self.areas[index]
        counts = np.diff(self.first)[index]
        part.first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        runs = np.arange(part.first[-1]) + np.repeat(self.first[index] - part.first[:-1], counts)
        part.starts, part.ends = self.starts[runs], self.ends[runs]
        return part

    def intersections(self, other: MaskRuns) -> np.ndarray:
        """Count the pixels that masks share with other masks of the same image.

        Args:
            other: T masks.

        Returns:
            Shape: (S, T), int64.
        """
        borders = np.unique(np.concatenate([self.starts, self.ends, other.starts, other.ends]))
        if not len(borders):
            return np.zeros((len(self), len(other)), np.int64)
        starts, ends, begin, stop = (
            np.searchsorted(borders, x) for x in (self.starts, self.ends, other.starts, other.ends)
        )
        # Pixels of each of the other masks before each border.
        change = np.zeros((len(other), len(borders)), np.int8)
        owner = np.repeat(np.arange(len(other)), np.diff(other.first))
        change[owner, begin], change[owner, stop] = 1, -1
        inside = np.cumsum(change, 1, np.int8)[:, :-1]
        running = np.zeros((len(other), len(borders)), np.int32)
        np.cumsum(inside * np.diff(borders).astype(np.int32), 1, out=running[:, 1:])
        return self._by_mask((running[:, ends] - running[:, starts]).astype(np.int64)).T

    def paint(self, labels: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Paint masks over each other into a label map.

        Args:
            labels: Label of each mask, 0 to 255. Shape: (S,).
            order: Masks from the first to the last drawn. Shape: (S,).

        Returns:
            Label map, 0 where no mask is. Shape: (H, W), uint8.
        """
        picture = np.zeros(self.pixels, np.uint8)
        starts, ends, first = self.starts.tolist(), self.ends.tolist(), self.first.tolist()
        values = np.asarray(labels).tolist()
        for index in order.tolist():
            label = values[index]
            for run in range(first[index], first[index + 1]):
                picture[starts[run] : ends[run]] = label
        return picture.reshape(self.size)


def rock_sand_water(masks: MaskRuns, level: np.ndarray, threshold: float = 0.3) -> np.ndarray:
    """Keep whole-object masks, and those finer masks that fill the gaps between them.

    The filter of FMA-WSSS's quasi-superpixels: all masks of level 2 are kept; then those of level
    1, then of level 0, of which less than ``threshold`` lies in any single mask kept before. Masks
    of one level do not compete.

    Args:
        masks: S masks of an image.
        level: 0 subpart, 1 part, 2 whole. Shape: (S,).
        threshold: Share of a mask.

    Returns:
        Indices of the masks kept, level 2 first, each level in the order given. Shape: (K,), int64.
    """
    level = np.asarray(level)
    if unknown := sorted(set(level.tolist()) - {0, 1, 2}):
        raise ValueError(f'levels of masks are 0, 1 or 2, found {unknown}')
    kept = np.flatnonzero(level == 2)
    for own in (np.flatnonzero(level == 1), np.flatnonzero(level == 0)):
        if len(own) and len(kept):
            shared = masks.take(own).intersections(masks.take(kept)).max(1)
            own = own[(masks.areas[own] > 0) & (shared / masks.areas[own].clip(1) < threshold)]
        kept = np.concatenate([kept, own])
    return kept
