"""Keep a segmentor's probabilities, averaged over test-time augmentation."""

from __future__ import annotations

import torch
from mmengine.model import BaseTTAModel
from mmseg.structures import SegDataSample

from mmwsss.models.segmentors.softmax_scores import SoftmaxScores
from mmwsss.registry import MODELS


@MODELS.register_module()
class AveragedScores(SoftmaxScores):
    """Like :class:`~mmwsss.models.segmentors.SoftmaxScores`, for ``mmseg.TestTimeAug``.

    The mean of the probabilities of all views, each turned back and resized to the photo by the
    segmentor, as ``mmseg.SegTTAModel`` takes it; kept as scores with a background map.

    Args:
        module: Config of an mmseg segmentor whose samples have ``seg_logits``.
        min_score: Classes whose probability stays below it everywhere are left out.
        use_tags: Give the foreground to the classes of the image-level labels.
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
            each = (self.probabilities(view.seg_logits.data) for view in views)
            total = sum(each, torch.zeros(()))
            self.keep(views[0], total / len(views))
            merged.append(views[0])
        return merged
