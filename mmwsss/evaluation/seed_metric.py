"""Metric that compares seeds with masks at every background threshold in one pass."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmwsss.evaluation.base import ProtocolMetric, class_columns, percentages
from mmwsss.evaluation.plots import plot_curves
from mmwsss.evaluation.tables import write_csv, write_tables
from mmwsss.ops.confusion import AbsentRule, Scores, check_absent, scores_from_confusion
from mmwsss.ops.sparse_counts import SparseCounts
from mmwsss.ops.threshold_sweep import ThresholdSweep, search_threshold, threshold_grid
from mmwsss.registry import METRICS
from mmwsss.stores.atomic import atomic_write_bytes


@METRICS.register_module()
class SeedMetric(ProtocolMetric):
    """Scores of seeds at the best threshold and at others.

    Like the published numbers, the best mIoU is chosen on the masks it is scored with; the
    report says so. Seeds with a background map of their own (CRF, PAR) are scored with that, and
    no threshold is searched.

    Samples hold ``seeds`` and ``gt_sem_seg``. Reported, in percent: ``mIoU``, ``mPrecision``,
    ``mRecall``, ``mFP``, ``mFN``, ``aAcc``, ``mAcc`` at the best ``threshold``; with
    ``early_stop`` ``mIoU_early`` and ``threshold_early``; with ``background`` ``mIoU_fixed``.

    Args:
        thresholds: Ascending background scores to try. Defaults to 0, 0.01, ..., 0.99.
        background: A threshold chosen beforehand, scored in addition.
        early_stop: Also report what the in-training searches of S2C, CTI and MCTformer find,
            which stop at the first threshold that is not better.
        absent: How classes without pixels enter the means: 'nan', 'zero' or 'present', see
            :func:`mmwsss.ops.confusion.scores_from_confusion`.
        out_file: Where to write the curve, ``.json`` or ``.csv``.
        out_dir: Folder for ``curve.csv`` and ``curve.png`` (scores over the threshold; none where
            seeds have a background map) and for the tables by class and by image and the
            confusion at the best threshold, see :func:`mmwsss.evaluation.tables.write_tables`.
        options: Arguments of :class:`~mmwsss.evaluation.base.ProtocolMetric`: ``ignore_index``,
            ``prefix`` and how processes exchange results.
    """

    default_prefix = 'seeds'

    def __init__(
        self,
        *,
        thresholds: Sequence[float] | None = None,
        background: float | None = None,
        early_stop: bool = False,
        absent: AbsentRule = 'nan',
        out_file: str | None = None,
        out_dir: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        grid = threshold_grid(thresholds)
        if background is not None and np.float32(background) not in grid.astype(np.float32):
            self._grid = threshold_grid(np.sort(np.append(grid, background)))
        else:
            self._grid = grid
        self._searched = np.flatnonzero(np.isin(self._grid, grid))
        check_absent(absent)
        if out_file is not None and Path(out_file).suffix not in ('.json', '.csv'):
            raise ValueError(f'out_file must end with .json or .csv, found {out_file!r}')
        self.background, self.early_stop = background, early_stop
        self.absent, self.out_file, self.out_dir = absent, out_file, out_dir
        self._sweep: ThresholdSweep | None = None

    def _empty_sweep(self) -> ThresholdSweep:
        return ThresholdSweep(len(self.classes), self._grid, self.ignore_index)

    def count(self, sample: dict) -> tuple[SparseCounts, bool | None]:
        """Histogram of one image, and whether its seeds have a background map, if any seeds."""
        if self._sweep is None or self._sweep.num_classes != len(self.classes):
            self._sweep = self._empty_sweep()
        seeds = sample['seeds'].resize()
        label, score = seeds.winner()
        decided = seeds.background is not None if len(seeds.classes) else None
        if decided:  # above all thresholds or below, so that each tells the same
            score = np.where(score > seeds.background, self._grid[-1] + 1, 0)
        return self._sweep.count(label, score, self.ground_truth(sample)), decided

    def summarise(
        self, ids: Sequence[str], counts: Sequence[tuple[SparseCounts, bool | None]]
    ) -> dict[str, float]:
        """Metrics of all images; writes and reports the curve."""
        sweep = self._empty_sweep()
        for histogram, _ in counts:
            sweep.add(histogram)
        decided = {flag for _, flag in counts} - {None}
        if len(decided) > 1:
            with_map = [name for name, (_, flag) in zip(ids, counts, strict=True) if flag]
            raise ValueError(
                f'SeedMetric: {len(with_map)} of {len(ids)} images, e.g. {with_map[0]}, have seeds '
                'with a background map and the others have none: they come from different stages'
            )
        scores = scores_from_confusion(sweep.compute(), self.absent)
        if decided == {True}:
            protocol = self.protocol(ids, absent=self.absent, background='map of the seeds')
            return self._finish(scores, 0, {}, protocol, ids, counts)

        curve = scores.miou[self._searched]
        best = int(self._searched[search_threshold(curve)])
        found = {'threshold': float(self._grid[best])}
        if self.early_stop:
            early = int(self._searched[search_threshold(curve, early_stop=True)])
            found['mIoU_early'] = 100 * float(scores.miou[early])
            found['threshold_early'] = float(self._grid[early])
        if self.background is not None:
            fixed = int(np.searchsorted(self._grid.astype(np.float32), np.float32(self.background)))
            found['mIoU_fixed'] = 100 * float(scores.miou[fixed])
        searched = self._grid[self._searched]
        note = f'best of {len(searched)} in {searched[0]:g}..{searched[-1]:g}, tuned on these masks'
        protocol = self.protocol(ids, absent=self.absent, threshold=note)
        return self._finish(scores, best, found, protocol, ids, counts)

    def _finish(
        self,
        scores: Scores,
        best: int,
        found: dict[str, float],
        protocol: dict[str, Any],
        ids: Sequence[str],
        counts: Sequence[tuple[SparseCounts, bool | None]],
    ) -> dict[str, float]:
        metrics = {**percentages(scores, best), **found}
        at = f' at threshold {found["threshold"]:g}' if found else ''
        title = f'seeds: mIoU {metrics["mIoU"]:.2f}{at}'
        self.report(title, class_columns(scores, best), self.classes, protocol)
        if self.out_file is not None:
            self._write_curve(Path(self.out_file), self._curve(scores), metrics, protocol)
        if self.out_dir is not None:
            folder, sweep = Path(self.out_dir), self._empty_sweep()
            tables = (sweep.confusion_of(histogram, best) for histogram, _ in counts)
            write_tables(folder, self.classes, ids, tables, self.absent)
            if found:
                write_csv(folder / 'curve.csv', self._curve(scores))
                curves = {
                    'mIoU': 100 * scores.miou,
                    'precision': 100 * scores.mprecision,
                    'recall': 100 * scores.mrecall,
                }
                plot_curves(
                    folder / 'curve.png', self._grid, curves, title, float(self._grid[best])
                )
        return metrics

    def _curve(self, scores: Scores) -> list[dict[str, float]]:
        """Scores at each threshold, means first and then by class."""
        return [
            {
                'threshold': float(threshold),
                **percentages(scores, index),
                **{
                    f'{quantity}/{name}': float(value)
                    for quantity, values in class_columns(scores, index).items()
                    for name, value in zip(self.classes, values, strict=True)
                },
            }
            for index, threshold in enumerate(self._grid)
        ]

    def _write_curve(
        self, path: Path, rows: list[dict[str, float]], metrics: dict, protocol: dict
    ) -> None:
        if path.suffix == '.csv':
            write_csv(path, rows)
            return
        # NaN is no JSON.
        curve = [{key: None if v != v else v for key, v in row.items()} for row in rows]
        text = json.dumps(
            {'protocol': protocol, 'metrics': metrics, 'curve': curve}, indent=1, default=str
        )
        atomic_write_bytes(path, text.encode())
