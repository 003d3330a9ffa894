"""Metric that compares predicted tags with image-level labels."""

from collections.abc import Sequence

import numpy as np

from mmwsss.evaluation.base import ProtocolMetric
from mmwsss.registry import METRICS


@METRICS.register_module()
class TagMetric(ProtocolMetric):
    """Mean average precision of multi-label classification.

    Exact: the area under the step-shaped precision-recall curve, images of equal score entering
    together, so that their order does not matter (as in scikit-learn; the curve is not
    interpolated). Classes that no image has are left out of the mean and named.

    Samples hold ``tag_scores`` and ``gt_label``, both of shape (C,). Reported: ``mAP`` in percent.
    """

    default_prefix = 'tags'

    def count(self, sample: dict) -> tuple[np.ndarray, np.ndarray]:
        """Scores and labels of one image. Shape: (C,) each."""
        pair = [sample[key].float().cpu().numpy() for key in ('tag_scores', 'gt_label')]
        shape = (len(self.classes) - 1,)
        if any(values.shape != shape for values in pair) or np.isnan(pair[0]).any():
            raise ValueError(
                f'tag_scores and gt_label must have shape {shape} without NaN, '
                f'found {pair[0].shape} and {pair[1].shape}'
            )
        return pair[0], pair[1] > 0

    def summarise(
        self, ids: Sequence[str], counts: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> dict[str, float]:
        """Metrics of all images."""
        scores, labels = (np.stack(part) for part in zip(*counts, strict=True))
        precision = 100 * average_precision(scores, labels)
        names = self.classes[1:]
        without = [name for name, ap in zip(names, precision, strict=True) if np.isnan(ap)]
        mean = float('nan') if len(without) == len(names) else float(np.nanmean(precision))
        own = {'classes that no image has': ', '.join(without)} if without else {}
        self.report(f'tags: mAP {mean:.2f}', {'AP': precision}, names, self.protocol(ids, **own))
        return {'mAP': mean}


def average_precision(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average precision of each class.

    Args:
        scores: Shape: (N, C).
        labels: Multi-hot booleans. Shape: (N, C).

    Returns:
        ``sum_k (R_k - R_{k-1}) P_k`` over the distinct scores, NaN for a class without positives.
        Shape: (C,), float64.
    """
    order = np.argsort(-scores, axis=0, kind='stable')
    scores, hits = (np.take_along_axis(values, order, 0) for values in (scores, labels))
    rank = np.arange(1, len(scores) + 1)[:, None]
    # An image enters with all others of its score: at the rank of the last of them.
    last = np.ones(scores.shape, bool)
    last[:-1] = scores[:-1] != scores[1:]
    enters = np.where(last, rank, len(scores))[::-1]
    enters = np.minimum.accumulate(enters, axis=0)[::-1]
    precision = np.take_along_axis(hits.cumsum(0) / rank, enters - 1, 0)
    positives = hits.sum(0)
    total = (precision * hits).sum(0)
    return np.divide(total, positives, out=np.full(len(total), np.nan), where=positives > 0)
