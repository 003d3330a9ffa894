"""Sparse histograms of single images, to save memory until all images are counted."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SparseCounts:
    """The non-zero cells of a histogram.

    One image fills a few hundred cells of a histogram that has up to a million: a list as long as
    COCO's fits memory image by image.

    Args:
        cells: Ascending flat indices. Shape: (M,), uint32.
        counts: What they hold. Shape: (M,), uint32.
    """

    cells: np.ndarray
    counts: np.ndarray

    @classmethod
    def from_dense(cls, histogram: np.ndarray) -> 'SparseCounts':
        """Gather from an array of any shape with values below 2 ** 32."""
        flat = histogram.reshape(-1)
        cells = np.flatnonzero(flat)
        return cls(cells.astype(np.uint32), flat[cells].astype(np.uint32))

    def add_to(self, histogram: np.ndarray) -> None:
        """Add to a contiguous int64 array of the original shape, in place."""
        histogram.reshape(-1)[self.cells] += self.counts
