"""All masks of an image at once, on runs of pixels instead of pixels."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mmwsss.structures import Proposals


class MaskRuns:
    """The pixels of an image, row by row, cut into runs inside which no mask begins or ends.

    Masks of whole objects have a few hundred runs each, whereas a photo has 10^5 pixels and more;
    what is done for each pair of mask and pixel is done for each pair of mask and run instead.

    Args:
        proposals: S masks of an image.

    Attributes:
        lengths: Pixels of each run. Shape: (R,), int64.
        inside: Which mask holds which run. Shape: (S, R), bool.
        areas: Pixels of each mask. Shape: (S,), int64.
    """

    def __init__(self, proposals: Proposals) -> None:
        self.size = proposals.size
        pixels = self.size[0] * self.size[1]
        offsets, counts = proposals.rle_offsets, proposals.rle_counts.astype(np.int64)
        # Where each run of each mask ends, from the first pixel of the image.
        ends = np.cumsum(counts) - pixels * np.repeat(np.arange(len(proposals)), np.diff(offsets))
        borders = np.unique(np.concatenate([[0, pixels], ends]))
        self.lengths = np.diff(borders)
        # Number of runs of the image in each run of each mask; every second one is inside.
        last = np.searchsorted(borders, ends)
        first = np.empty_like(last)
        first[1:] = last[:-1]
        first[offsets[:-1]] = 0
        turn = np.arange(len(counts)) - np.repeat(offsets[:-1], np.diff(offsets))
        self.inside = np.repeat(turn % 2 == 1, last - first).reshape(
            len(proposals), len(self.lengths)
        )
        self.areas = proposals.areas()

    def __len__(self) -> int:
        return len(self.areas)

    @cached_property
    def _weights(self) -> np.ndarray:
        return self.inside.astype(np.float32)

    def sum(self, maps: np.ndarray) -> np.ndarray:
        """Sum of each map in each mask.

        Args:
            maps: Shape: (P, H, W).

        Returns:
            Shape: (P, S), float64.
        """
        starts = np.cumsum(self.lengths) - self.lengths
        flat = maps.reshape(len(maps), self.size[0] * self.size[1]).astype(np.float64)
        totals = np.add.reduceat(flat, starts, axis=1)
        return totals @ self._weights.T.astype(np.float64)

    def mean(self, maps: np.ndarray) -> np.ndarray:
        """Mean of each map in each mask; 0 in an empty one. Shapes as in :meth:`sum`."""
        return self.sum(maps) / np.maximum(self.areas, 1)

    def intersections(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Pixels that two masks share.

        Args:
            rows: Indices of R masks.
            columns: Indices of C masks.

        Returns:
            Shape: (R, C), int64. Counts below 2^24 are exact in float32.
        """
        weighted = self._weights[rows] * self.lengths.astype(np.float32)
        return (weighted @ self._weights[columns].T).astype(np.int64)

    def paint(self, labels: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Draw masks one over the other.

        Args:
            labels: What to draw for each mask. Shape: (S,).
            order: Masks from the first to the last drawn. Shape: (S,).

        Returns:
            0 where there is none. Shape: (H, W), int64.
        """
        runs = np.zeros(len(self.lengths), np.int64)
        for index in order:
            runs[self.inside[index]] = labels[index]
        return np.repeat(runs, self.lengths).reshape(self.size)


def rock_sand_water(masks: MaskRuns, level: np.ndarray, threshold: float = 0.3) -> np.ndarray:
    """Keep whole masks, and of the finer ones those that fill the gaps between them.

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
            shared = masks.intersections(own, kept).max(1)
            own = own[shared < threshold * masks.areas[own]]
        kept = np.concatenate([kept, own])
    return kept
