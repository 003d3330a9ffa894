"""ICAM's second stage: a segmentor with feature similarity and averaging over scales."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.registry import MODELS, build


@MODELS.register_module()
class SimilaritySegmentor(EncoderDecoder):
    """Segmentor with a feature-similarity loss, which averages logits over scales and views.

    The final network of ICAM (arXiv 2203.12459): in training ``loss_similarity`` compares the
    softmax of the head's logits, before they are enlarged, with the colours of the image. In a
    test the normalised image is resized by every factor (bicubic, not antialiased, as OpenCV does
    it), each of the logits is resized to the image's size, and their mean is the prediction.

    Args:
        backbone: Config of the backbone.
        decode_head: Config of the head; its ``align_corners`` is that of all resizing of logits.
        loss_similarity: Config or module of a
            :class:`~mmwsss.models.losses.feature_similarity.FeatureSimilarityLoss`, or None.
        scales: Factors of a test; a side becomes ``round(side * factor)``.
        flip: Add the mirror image of every scale.
        train_cfg: See mmseg's ``EncoderDecoder``.
        test_cfg: Whole images alone: ``dict(mode='whole')``.
        data_preprocessor: With ``mean`` and ``std`` in 0-255.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        backbone: dict,
        decode_head: dict,
        *,
        loss_similarity: dict | nn.Module | None = dict(
            type='FeatureSimilarityLoss', loss_weight=0.5
        ),
        scales: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75),
        flip: bool = True,
        train_cfg: dict | None = None,
        test_cfg: dict | None = dict(mode='whole'),
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=build(MODELS, data_preprocessor),
            init_cfg=init_cfg,
        )
        if not scales or min(scales) <= 0:
            raise ValueError(f'scales are positive factors, found {tuple(scales)}')
        if (self.test_cfg or {}).get('mode', 'whole') != 'whole':
            raise ValueError(f'SimilaritySegmentor predicts whole images, found {test_cfg}')
        self.loss_similarity = build(MODELS, loss_similarity)
        if self.loss_similarity is not None and not hasattr(self.data_preprocessor, 'mean'):
            raise ValueError(
                'the similarity of colours turns normalised images back, for which it needs a '
                'data_preprocessor with mean and std'
            )
        self.scales, self.flip = tuple(scales), flip

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """The head's losses and ``loss_similarity``.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_sem_seg``.
        """
        logits = self.decode_head(self.extract_feat(inputs))
        losses = self.decode_head.loss_by_feat(logits, data_samples)
        losses = {f'decode.{name}': value for name, value in losses.items()}
        if self.loss_similarity is not None:
            small = F.interpolate(inputs, logits.shape[-2:], mode='bilinear', align_corners=True)
            mean, std = (
                getattr(self.data_preprocessor, name).view(3, 1, 1) / 255
                for name in ('mean', 'std')
            )
            probabilities = logits.float().softmax(1)
            losses['loss_similarity'] = self.loss_similarity(probabilities, small * std + mean)
        return losses

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Mean logits over scales and views.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            batch_img_metas: Not read: images come at their own size.

        Returns:
            Shape: (N, C + 1, H, W).
        """
        size, total, count = inputs.shape[-2:], torch.zeros(()), 0
        for scale in self.scales:
            x = resize_cubic(inputs, scale)
            # Both views in one batch.
            logits = self._forward(torch.cat([x, x.flip(-1)]) if self.flip else x)
            logits = F.interpolate(
                logits, size, mode='bilinear', align_corners=self.decode_head.align_corners
            )
            for number, view in enumerate(logits.split(len(inputs))):
                total, count = total + (view.flip(-1) if number else view), count + 1
        return total / count


def resize_cubic(images: Tensor, scale: float) -> Tensor:
    """Resize by a factor as ``cv2.resize(..., fx=scale, fy=scale, INTER_CUBIC)`` does.

    Sides are rounded half to even, positions follow from the factor, not from the sizes, and
    nothing is antialiased.

    Args:
        images: Shape: (N, 3, H, W).
        scale: Positive factor.
    """
    size = [max(1, round(side * scale)) for side in images.shape[-2:]]
    if scale == 1:
        return images
    return torch.ops.aten.upsample_bicubic2d(images, size, False, scale, scale)
