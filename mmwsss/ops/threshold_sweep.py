"""Confusion matrices for all background thresholds in one pass over the scores."""

from collections.abc import Sequence

import numpy as np
import torch

from mmwsss.ops.sparse_counts import SparseCounts


def threshold_grid(thresholds: Sequence[float] | np.ndarray | None = None) -> np.ndarray:
    """Check thresholds and return them as an array.

    Args:
        thresholds: Ascending background scores, at least 0. Defaults to 0, 0.01, ..., 0.99.

    Returns:
        Shape: (T,), float64.

    Raises:
        ValueError: They are none, negative, or do not ascend in float32.
    """
    grid = np.asarray(np.arange(100) / 100 if thresholds is None else thresholds, np.float64)
    single = grid.astype(np.float32)
    good = single.ndim == 1 and len(single) and (single >= 0).all() and (np.diff(single) > 0).all()
    if not good:
        raise ValueError(
            f'thresholds must be at least 0 and ascend (as float32), found {grid.tolist()}'
        )
    return grid


class ThresholdSweep:
    """Exact confusion matrices of score maps for each background threshold of a grid.

    A pixel is foreground at threshold t iff its best class scores more than ``float32(t)``, and
    which class is best does not depend on t. So a pixel matters only through its true class, its
    best class and the number of thresholds below its score: one histogram of the three holds the
    confusion matrices of all thresholds, as its cumulative sums. Ties go to the background and,
    among classes, to the lowest, as in the published scorers.

    Args:
        num_classes: Number n of classes, background included.
        thresholds: Ascending background scores, at least 0. Defaults to 0, 0.01, ..., 0.99.
        ignore: Ground truth of pixels that are left out. Defaults to 255.

    Raises:
        ValueError: The thresholds are none, negative, or do not ascend in float32.

    Example:
        >>> sweep = ThresholdSweep(2, [0.19, 0.2])
        >>> gt = np.array([[0, 1, 1, 255]], np.uint8)
        >>> sweep.update(np.ones((1, 4), np.uint8), np.array([[0.2, 0.2, 0.5, 0.9]]), gt)
        >>> sweep.compute().tolist()
        [[[0, 1], [0, 2]], [[1, 0], [1, 1]]]
    """

    def __init__(
        self,
        num_classes: int,
        thresholds: Sequence[float] | np.ndarray | None = None,
        ignore: int = 255,
    ) -> None:
        self.thresholds = threshold_grid(thresholds)
        self._grid = self.thresholds.astype(np.float32)
        self._bounds = torch.from_numpy(self._grid)
        if not 2 <= num_classes <= ignore:
            raise ValueError(f'num_classes must be 2..{ignore} (ignore), found {num_classes}')
        self.num_classes, self.ignore = num_classes, ignore
        self._shape = (num_classes, num_classes, len(self._grid) + 1)
        self.histogram = np.zeros(self._shape, np.int64)
        # Where the cells of each true label begin.
        row = np.full(ignore + 1, num_classes + 1)
        row[:num_classes], row[ignore] = np.arange(num_classes), num_classes
        self._row = row * self.histogram[0].size

    def count(self, label: np.ndarray, score: np.ndarray, gt: np.ndarray) -> SparseCounts:
        """Count one image, for a later :meth:`add`.

        Args:
            label: Best foreground class of each pixel, 1..n-1; arbitrary below n where the score
                is 0. Integers. Shape: (H, W).
            score: Its score. Shape: (H, W).
            gt: True classes 0..n-1 or ``ignore``. Integers. Shape: (H, W).

        Raises:
            ValueError: Shapes differ, labels are no classes, or scores are not finite.
        """
        if not label.shape == score.shape == gt.shape:
            raise ValueError(
                f'label {label.shape}, score {score.shape} and ground truth {gt.shape} differ in '
                'size: were the masks made from other versions of the images?'
            )
        score = np.require(score.ravel(), np.float32, ['C', 'W'])  # writable, as torch wants it
        if score.size and not np.isfinite(score.max()):  # the maximum of NaN and anything is NaN
            raise ValueError(f'scores must be finite, found {score.max()}')
        for name, values, limit in (
            ('predicted labels', label, self.num_classes - 1),
            ('true labels', gt, len(self._row) - 1),
        ):
            if values.size and not (values.min() >= 0 and values.max() <= limit):
                raise ValueError(
                    f'{name} must lie in 0..{limit}, found {values.min()}..{values.max()}'
                )
        cells = self._row[gt.ravel()] + label.ravel().astype(np.intp) * self._shape[2]
        cells += torch.bucketize(torch.from_numpy(score), self._bounds, out_int32=True).numpy()
        # The histogram is followed by a row of ignored pixels and one of invalid labels.
        counts = np.bincount(cells, minlength=self.histogram.size)
        if len(counts) > self._row[self.ignore] + self.histogram[0].size:
            strange = np.setdiff1d(gt, [*range(self.num_classes), self.ignore])
            raise ValueError(
                f'true labels must be 0..{self.num_classes - 1} or {self.ignore}, '
                f'found {strange.tolist()}'
            )
        return SparseCounts.from_dense(counts[: self.histogram.size])

    def add(self, counts: SparseCounts) -> None:
        """Add the result of :meth:`count`."""
        counts.add_to(self.histogram)

    def update(self, label: np.ndarray, score: np.ndarray, gt: np.ndarray) -> None:
        """Count one image and add it; arguments as in :meth:`count`."""
        self.add(self.count(label, score, gt))

    def merge(self, other: 'ThresholdSweep') -> None:
        """Add the counts of a sweep over other images.

        Raises:
            ValueError: It has another grid, or other classes.
        """
        if self._shape != other._shape or not np.array_equal(self._grid, other._grid):
            raise ValueError(
                f'cannot merge sweeps over {self._shape[0]} classes, {self.thresholds.tolist()} '
                f'and over {other._shape[0]} classes, {other.thresholds.tolist()}'
            )
        self.histogram += other.histogram

    def compute(self) -> np.ndarray:
        """Confusion matrices ``N[t, g, p]`` of all thresholds. Shape: (T, n, n), int64."""
        # above[g, c, t]: pixels whose best class c beats threshold t.
        above = self.histogram[..., ::-1].cumsum(-1)[..., -2::-1]
        above[:, 0] = self.histogram.sum((1, 2))[:, None] - above[:, 1:].sum(1)
        return np.ascontiguousarray(np.moveaxis(above, -1, 0))

    def confusion_of(self, counts: SparseCounts, index: int) -> np.ndarray:
        """Confusion matrix of one image at one threshold of the grid.

        Args:
            counts: What :meth:`count` returned for the image.
            index: Of the threshold.

        Returns:
            ``N[g, p]``, shape (n, n), int64.
        """
        truth, label, below = np.unravel_index(counts.cells.astype(np.intp), self._shape)
        table = np.zeros((self.num_classes, self.num_classes), np.int64)
        np.add.at(table, (truth, np.where(below > index, label, 0)), counts.counts)
        return table


def search_threshold(miou: np.ndarray, early_stop: bool = False) -> int:
    """Find the index of the best threshold of a curve.

    Args:
        miou: Score of each threshold of the grid, none of them NaN. Shape: (T,).
        early_stop: Stop at the first threshold that is not better than the one before, as the
            in-training searches of S2C, CTI and MCTformer do, instead of trying all.
    """
    miou = np.asarray(miou)
    if not early_stop:
        return int(miou.argmax())
    worse = np.flatnonzero(np.diff(miou) <= 0)
    return int(worse[0]) if len(worse) else len(miou) - 1
