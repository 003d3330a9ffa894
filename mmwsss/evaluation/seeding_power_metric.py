"""Metric that searches the background's power of SAM-based seeding on ground truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmwsss.evaluation.base import ProtocolMetric, class_columns, percentages
from mmwsss.evaluation.tables import write_csv
from mmwsss.ops.confusion import AbsentRule, check_absent, confusion, scores_from_confusion
from mmwsss.ops.mask_seeding import Pooling, Upper, check_pooling, seed_masks
from mmwsss.ops.sparse_counts import SparseCounts
from mmwsss.registry import METRICS
from mmwsss.stores import open_store


@METRICS.register_module()
class SeedingPowerMetric(ProtocolMetric):
    """Scores of the masks that SAM-based seeding makes of seeds, at several powers.

    FMA-WSSS chooses the power of the coarse seed of COCO so, among 0.3, 0.4 and 0.5, on the
    training photos' own masks. The report says so. Means in masks are taken once for all powers.

    Samples hold ``seeds`` (raw maps are taken where there are some), ``img_id`` and
    ``gt_sem_seg``. Reported, in percent: ``mIoU``, ``mPrecision``, ``mRecall``, ``mFP``, ``mFN``,
    ``aAcc`` and ``mAcc`` at the best ``power`` (of equal ones the first), and
    ``mIoU_power_<power>`` of each.

    Args:
        proposals: Folder of the store of proposals.
        powers: Exponents of the background's score ``(1 - max)^power``.
        pooling: See :class:`~mmwsss.refiners.SAMSeeding`.
        on_top: See :class:`~mmwsss.refiners.SAMSeeding`.
        absent: How classes without pixels enter the means, see
            :func:`mmwsss.ops.confusion.scores_from_confusion`; FMA-WSSS: 'present'.
        out_dir: Folder for ``powers.csv``.
        options: Arguments of :class:`~mmwsss.evaluation.base.ProtocolMetric`: ``ignore_index``,
            ``prefix`` and how processes exchange results.

    Raises:
        ValueError: A power is not positive, or none is given.
    """

    default_prefix = 'seeding'

    def __init__(
        self,
        *,
        proposals: str,
        powers: Sequence[float] = (0.3, 0.4, 0.5),
        pooling: Pooling = 'relu',
        on_top: Upper = 'whole',
        absent: AbsentRule = 'nan',
        out_dir: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not powers or min(powers) <= 0:
            raise ValueError(f'powers are positive numbers, at least one, found {tuple(powers)}')
        check_absent(absent)
        check_pooling(pooling)
        self.store = open_store(proposals, 'proposals')
        self.powers, self.pooling, self.on_top = tuple(powers), pooling, on_top
        self.absent, self.out_dir = absent, out_dir

    def count(self, sample: dict) -> SparseCounts:
        """Confusion of one image at each power."""
        seeds, proposals = sample['seeds'], self.store[sample['img_id']]
        if proposals.size != seeds.size:
            raise ValueError(f'its proposals are {proposals.size}, the photo is {seeds.size}')
        masks = seed_masks(
            seeds.full_raw(),
            seeds.classes,
            proposals,
            self.powers,
            pooling=self.pooling,
            on_top=self.on_top,
        )
        truth = self.ground_truth(sample)
        tables = [confusion(m, truth, len(self.classes), self.ignore_index) for m in masks]
        return SparseCounts.from_dense(np.stack(tables))

    def summarise(self, ids: Sequence[str], counts: Sequence[SparseCounts]) -> dict[str, float]:
        """Metrics of all images at the best power, and the mean IoU at each."""
        total = np.zeros((len(self.powers), len(self.classes), len(self.classes)), np.int64)
        for one in counts:
            one.add_to(total)
        scores = scores_from_confusion(total, self.absent)
        best = int(scores.miou.argmax())
        metrics = {**percentages(scores, best), 'power': float(self.powers[best])}
        rows = []
        for index, power in enumerate(self.powers):
            metrics[f'mIoU_power_{power:g}'] = 100 * float(scores.miou[index])
            rows.append({'power': float(power), **percentages(scores, index)})
        note = f'best of {", ".join(f"{p:g}" for p in self.powers)}, tuned on these masks'
        protocol = self.protocol(ids, absent=self.absent, power=note)
        title = f'SAM-based seeding: mIoU {metrics["mIoU"]:.2f} at power {metrics["power"]:g}'
        self.report(title, class_columns(scores, best), self.classes, protocol)
        if self.out_dir is not None:
            write_csv(Path(self.out_dir) / 'powers.csv', rows)
        return metrics
