"""Metric that compares the contours of label maps with those of ground-truth masks."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mmwsss.evaluation.base import ProtocolMetric
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.ops.contour import (
    band,
    contour_matches,
    contour_radius,
    contour_scores,
    fill_nearest,
)
from mmwsss.ops.sparse_counts import SparseCounts
from mmwsss.registry import METRICS


@METRICS.register_module()
class ContourMetric(ProtocolMetric):
    """Contour F-score as ICAM defines it, and boundary IoU.

    F (ICAM's scorer): contour pixels of a class match those of the mask within a disk whose radius
    is ``tolerance`` of the image's diagonal, rounded up; they are added up over all images, and F
    is the harmonic mean of the matched shares of the prediction (precision) and of the mask
    (recall). Pixels without label are background here, as in ICAM's code.

    Boundary IoU (Cheng et al., "Boundary IoU", CVPR 2021, for label maps): the IoU of the parts
    of two regions that lie along their own contours, ``width`` of the diagonal wide (rounded, 1
    pixel at least; rows and columns are counted). Summed over images like mIoU. Pixels that the
    mask does not label are left out, their nearest label says where its contours run; the border
    of the image is no contour.

    Samples hold ``gt_sem_seg`` and ``pred_sem_seg``, or ``seeds``. Reported, in percent: ``mF``,
    ``mPrecision`` and ``mRecall`` over the foreground classes, ``bIoU`` over all classes.

    Args:
        tolerance: Radius of a match, as a share of the image's diagonal.
        width: Width of the bands of boundary IoU, as a share of the diagonal.
        background: Background score at which seeds are turned into labels. None takes their
            background map, or 1 minus the sum of the scores (ICAM) where they have none.
        absent: What a class scores that has no contour in any mask or prediction: 'nan' leaves it
            out of the means, 'one' counts it as 1 (ICAM). Boundary IoU always leaves it out.
        options: Arguments of :class:`~mmwsss.evaluation.base.ProtocolMetric`: ``ignore_index``,
            ``prefix`` and how processes exchange results.

    Raises:
        ValueError: An option is out of range.
    """

    default_prefix = 'contours'

    def __init__(
        self,
        *,
        tolerance: float = 0.008,
        width: float = 0.02,
        background: float | None = None,
        absent: Literal['nan', 'one'] = 'nan',
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not (0 < tolerance < 1 and 0 < width < 1):
            raise ValueError(
                'tolerance and width are shares of the diagonal between 0 and 1, found '
                f'{tolerance} and {width}'
            )
        if background is not None and not 0 <= background <= 1:
            raise ValueError(f'background must lie in [0, 1] or be None, found {background}')
        if absent not in ('nan', 'one'):
            raise ValueError(f"absent must be 'nan' or 'one', found {absent!r}")
        self.tolerance, self.width = tolerance, width
        self.background, self.absent = background, absent

    def count(self, sample: dict) -> tuple[SparseCounts, SparseCounts]:
        """Contour matches of one image, and the confusion of the bands."""
        truth, labels = self.ground_truth(sample), self.labels(sample)
        classes, void = len(self.classes), self.ignore_index
        for name, maps in (('prediction', labels), ('ground truth', truth)):
            strange = maps[(maps != void) & ((maps < 0) | (maps >= classes))]
            if strange.size:
                raise ValueError(
                    f'labels must be 0..{classes - 1} or {void}, found '
                    f'{np.unique(strange).tolist()} in the {name}'
                )
        scored = truth != void
        radius = contour_radius(truth.shape, self.tolerance)
        width = max(1, round(self.width * float(np.hypot(*truth.shape))))
        matches = contour_matches(labels, np.where(scored, truth, 0), classes, radius)
        # Labels off the bands are one more class, whose row and column are no score.
        known = np.where(labels == void, classes, labels)
        mine, theirs = (
            band(maps.astype(np.int16), width, classes)
            for maps in (known, fill_nearest(truth, scored))
        )
        table = confusion(mine, np.where(scored, theirs, 256), classes + 1, ignore=256)
        return SparseCounts.from_dense(matches), SparseCounts.from_dense(table)

    def labels(self, sample: dict) -> np.ndarray:
        """Predicted label map of a sample, the undecided being ``ignore_index``. Shape: (H, W)."""
        if 'pred_sem_seg' in sample:
            return sample['pred_sem_seg']['data'].squeeze(0).cpu().numpy()
        seeds = sample['seeds']
        if self.background is not None or seeds.background is not None:
            return seeds.to_mask(self.background)
        full = seeds.resize()
        label, score = full.winner()
        return np.where(score > 1 - full.scores.sum(0), label, np.uint8(0))

    def summarise(
        self, ids: Sequence[str], counts: Sequence[tuple[SparseCounts, SparseCounts]]
    ) -> dict[str, float]:
        """Metrics of all images."""
        classes = len(self.classes)
        matches = np.zeros((classes - 1, 4), np.int64)
        table = np.zeros((classes + 1, classes + 1), np.int64)
        for contours, bands in counts:
            contours.add_to(matches)
            bands.add_to(table)
        precision, recall, f = contour_scores(matches)
        if self.absent == 'one':
            precision, recall, f = (np.where(np.isnan(x), 1, x) for x in (precision, recall, f))
        iou = _band_iou(table)
        columns = {'F': f, 'precision': precision, 'recall': recall}
        metrics = {
            **{f'm{name[0].upper()}{name[1:]}': _mean(x) for name, x in columns.items()},
            'bIoU': _mean(iou),
        }
        protocol = self.protocol(
            ids, absent=self.absent, tolerance=self.tolerance, band_width=self.width
        )
        if self.background is not None:
            protocol['background'] = self.background
        rows = {name: np.append(np.nan, 100 * x) for name, x in columns.items()}
        title = f'contours: F {metrics["mF"]:.2f}, boundary IoU {metrics["bIoU"]:.2f}'
        self.report(title, {**rows, 'bIoU': 100 * iou}, self.classes, protocol)
        return metrics


def _band_iou(table: np.ndarray) -> np.ndarray:
    """IoU of each class from the confusion of bands; NaN without pixels. Shape: (n,)."""
    return scores_from_confusion(table).iou[:-1]


def _mean(values: np.ndarray) -> float:
    """Mean of the defined values in percent; NaN if there is none."""
    defined = values[~np.isnan(values)]
    return 100 * float(defined.mean()) if len(defined) else float('nan')
