"""A segmentor's probabilities, averaged over what test-time augmentation shows it."""

from __future__ import annotations

import numpy as np
from mmengine.model import BaseTTAModel
from mmseg.structures import SegDataSample

from mmwsss.models.segmentors.softmax_scores import SoftmaxScores
from mmwsss.registry import MODELS
from mmwsss.structures import Seeds


@MODELS.register_module()
class AveragedScores(SoftmaxScores):
    """Like :class:`~mmwsss.models.segmentors.SoftmaxScores`, for ``mmseg.TestTimeAug``.

    The mean of the softmax of all views, each turned back and resized to the photo by the
    segmentor, as ``mmseg.SegTTAModel`` takes it; kept as scores with a background map.

    Args:
        module: Config of an mmseg segmentor whose samples have ``seg_logits``.
        min_score: Classes whose probability stays below it everywhere are left out.
        data_preprocessor: Defaults to the segmentor's.
    """

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Predict all views, and keep their mean as ``seeds`` with a background map."""
        return BaseTTAModel.test_step(self, data)

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """One sample a photo.

        Args:
            data_samples_list: Predicted views of each photo.
        """
        merged = []
        for views in data_samples_list:
            scores = sum(view.seg_logits.data.float().softmax(0) for view in views) / len(views)
            scores = scores.clip(0, 1).cpu().numpy()
            classes = np.flatnonzero(scores[1:].max((1, 2), initial=0) >= self.min_score)
            sample = views[0]
            sample.seeds = Seeds(classes, scores[1:][classes], scores[0])
            del sample.seg_logits
            merged.append(sample)
        return merged
