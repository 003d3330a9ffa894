"""Metric that compares label maps with ground-truth masks."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mmwsss.evaluation.base import ProtocolMetric, class_columns, percentages
from mmwsss.evaluation.tables import write_tables
from mmwsss.ops.confusion import AbsentRule, check_absent, confusion, scores_from_confusion
from mmwsss.ops.sparse_counts import SparseCounts
from mmwsss.registry import METRICS


@METRICS.register_module()
class MaskMetric(ProtocolMetric):
    """Scores of label maps: pseudo masks or a segmentor's predictions.

    Samples hold ``pred_sem_seg`` and ``gt_sem_seg``. Reported, in percent: ``mIoU``,
    ``mPrecision``, ``mRecall``, ``mFP``, ``mFN``, ``aAcc``, ``mAcc``, and ``undecided``, the share
    of the scored pixels that are predicted ``ignore_index``.

    Args:
        undecided: What a predicted ``ignore_index`` counts as: ``'error'`` (PSA: the class is
            missed, none is claimed), ``'background'`` (IRN) or ``'left out'`` (ToCo: such pixels
            are not scored, which flatters).
        absent: How classes without pixels enter the means: 'nan', 'zero' or 'present', see
            :func:`mmwsss.ops.confusion.scores_from_confusion`.
        out_dir: Folder for tables by class and by image and for the confusion, see
            :func:`mmwsss.evaluation.tables.write_tables`.
        options: Arguments of :class:`~mmwsss.evaluation.base.ProtocolMetric`: ``ignore_index``,
            ``prefix`` and how processes exchange results.
    """

    default_prefix = 'masks'

    def __init__(
        self,
        *,
        undecided: Literal['error', 'background', 'left out'] = 'error',
        absent: AbsentRule = 'nan',
        out_dir: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if undecided not in ('error', 'background', 'left out'):
            raise ValueError(
                f"undecided must be 'error', 'background' or 'left out', found {undecided!r}"
            )
        check_absent(absent)
        self.undecided, self.absent, self.out_dir = undecided, absent, out_dir

    def count(self, sample: dict) -> SparseCounts:
        """Count the confusion of one image; undecided pixels have their own column."""
        pred = sample['pred_sem_seg']['data'].squeeze(0)
        gt = sample['gt_sem_seg']['data'].squeeze(0).to(pred.device)
        counts = confusion(pred, gt, len(self.classes), self.ignore_index, void=True)
        return SparseCounts.from_dense(counts.cpu().numpy())

    def summarise(self, ids: Sequence[str], counts: Sequence[SparseCounts]) -> dict[str, float]:
        """Metrics of all images."""
        classes = len(self.classes)
        total = np.zeros((classes, classes + 1), np.int64)
        for one in counts:
            one.add_to(total)
        share = 100 * float(total[:, -1].sum() / max(total.sum(), 1))
        scores = scores_from_confusion(self._counted(total), self.absent)
        metrics = {**percentages(scores), 'undecided': share}
        title = f'masks: mIoU {metrics["mIoU"]:.2f}'
        protocol = self.protocol(
            ids, absent=self.absent, undecided=f'{share:.2f} % of the pixels, as {self.undecided}'
        )
        self.report(title, class_columns(scores), self.classes, protocol)
        if self.out_dir is not None:
            tables = (self._counted(self._dense(one)) for one in counts)
            write_tables(self.out_dir, self.classes, ids, tables, self.absent)
        return metrics

    def _dense(self, counts: SparseCounts) -> np.ndarray:
        table = np.zeros((len(self.classes), len(self.classes) + 1), np.int64)
        counts.add_to(table)
        return table

    def _counted(self, table: np.ndarray) -> np.ndarray:
        """Confusion with the undecided where they count. Shape: (n, n + 1) or (n, n)."""
        matrix, void = table[:, :-1], table[:, -1]
        if self.undecided == 'error':
            return table
        if self.undecided == 'background':
            matrix = matrix.copy()
            matrix[:, 0] += void
        return matrix
