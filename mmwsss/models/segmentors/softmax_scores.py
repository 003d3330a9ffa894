"""Keep a segmentor's probabilities as scores."""

from __future__ import annotations

import numpy as np
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds

_CLASSIFY_MASKS = {'MaskFormerHead', 'Mask2FormerHead', 'SideAdapterCLIPHead'}


@MODELS.register_module()
class SoftmaxScores(BaseTTAModel, StoreWriter):
    """Wrapper of a trained segmentor that outputs probabilities instead of the best class.

    Of most heads they are the softmax. Those that classify masks (MaskFormer, Mask2Former, SAN)
    give sums of probabilities over their queries, which another softmax would flatten: there, each
    class has its share of a pixel's sum, and a pixel that no query claims is background.

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

    Raises:
        ValueError: ``min_score`` is out of range, or the segmentor has one channel for two classes.
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
        segmentor = build(MODELS, module)
        super().__init__(segmentor, data_preprocessor or segmentor.data_preprocessor)
        self.min_score, self.use_tags = min_score, use_tags
        head = getattr(segmentor, 'decode_head', None)
        head = head[-1] if isinstance(head, nn.ModuleList) else head  # of a cascade
        self._sums = bool(_CLASSIFY_MASKS & {kind.__name__ for kind in type(head).__mro__})
        if getattr(segmentor, 'out_channels', None) == 1:
            raise ValueError(
                f'{type(self).__name__} needs a channel for the background, and this segmentor has '
                'one for both: set out_channels=2'
            )

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Predict, and keep the probabilities as ``seeds`` with a background map."""
        samples = self.module.test_step(data)
        for sample in samples:
            self.keep(sample, self.probabilities(sample.seg_logits.data))
        return samples

    def probabilities(self, seg_logits: Tensor) -> Tensor:
        """Convert the head's output to probabilities that sum to 1.

        Args:
            seg_logits: Background first. Shape: (C + 1, H, W).

        Returns:
            Shape: (C + 1, H, W), float32.
        """
        if not self._sums:
            return seg_logits.float().softmax(0)
        sums = seg_logits.float().clamp(min=0)
        total = sums.sum(0)
        sums[0] = sums[0].where(total > 0, 1)
        return sums / total.where(total > 0, 1)

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
