"""A segmentor's probabilities as scores."""

from __future__ import annotations

import numpy as np
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


@MODELS.register_module()
class SoftmaxScores(BaseTTAModel, StoreWriter):
    """A trained segmentor around which a test stage keeps the softmax instead of the best class.

    With ``StoreTestLoop(kind='scores', stride=1)`` its store is what the dense CRF of DeepLab-v2
    starts from (``CRF(protocol='deeplab')``), in workers and resumable. Checkpoints are the
    segmentor's.

    Args:
        module: Config of an mmseg segmentor whose samples have ``seg_logits``.
        min_score: Classes whose probability stays below it everywhere are left out: the CRF takes
            time for each, and they would not win.
        use_tags: Give the foreground's whole probability to the classes of the image-level labels,
            in proportion to theirs: the segmentor as a source of seeds of tagged photos. An
            oracle on any list that is not trained on, and recorded.
        data_preprocessor: Defaults to the segmentor's.
    """

    def __init__(
        self,
        module: dict | nn.Module,
        *,
        min_score: float = 0.05,
        use_tags: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        if not 0 <= min_score < 1:
            raise ValueError(f'min_score must lie in [0, 1), found {min_score}')
        module = MODELS.build(module) if isinstance(module, dict) else module
        super().__init__(module, data_preprocessor or module.data_preprocessor)
        self.min_score, self.use_tags = min_score, use_tags

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Predict, and keep the probabilities as ``seeds`` with a background map."""
        samples = self.module.test_step(data)
        for sample in samples:
            self.keep(sample, sample.seg_logits.data.float().softmax(0))
        return samples

    def keep(self, sample: SegDataSample, probabilities: Tensor) -> None:
        """Put the probabilities into ``seeds`` of a sample, in the place of its logits.

        Args:
            sample: A predicted sample; with ``use_tags`` it has ``gt_label``.
            probabilities: The background first. Shape: (C + 1, H, W).
        """
        scores = probabilities.cpu().numpy()
        background, scores = scores[0], scores[1:]
        if self.use_tags:
            classes = np.flatnonzero(sample.gt_label.cpu().numpy())
            scores = scores[classes]
            total = np.maximum(scores.sum(0), np.finfo(np.float32).tiny)
            scores *= (1 - background) / total
        else:
            classes = np.flatnonzero(scores.max((1, 2), initial=0) >= self.min_score)
            scores = scores[classes]
        sample.seeds = Seeds(classes, scores.clip(0, 1), background.clip(0, 1))
        del sample.seg_logits

    def merge_preds(self, data_samples_list: list) -> list[PixelData]:
        """Refuse: one view is predicted."""
        raise NotImplementedError('SoftmaxScores predicts one view')

    def store_output(self) -> StoreOutput:
        """Scores, and which classes were left out."""
        chosen = f'classes with a probability of at least {self.min_score}'
        return StoreOutput(
            ('scores',), {'seeds_of': 'image-level labels' if self.use_tags else chosen}
        )
