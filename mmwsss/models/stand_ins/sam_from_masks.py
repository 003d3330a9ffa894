"""Train a small SAM with masks, for data without a suitable published SAM."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.losses.co2sam_loss import dice_loss, mask_iou
from mmwsss.models.sam.promptable_sam import PromptableSAM
from mmwsss.registry import MODELS, build


@MODELS.register_module()
class SAMFromMasks(BaseModel):
    """All of a SAM, trained to give the mask of the object in a box; fully supervised.

    For experiments at sizes for which there are no published weights: a network as general as SAM
    it does not make. Checkpoints are read where a ``checkpoint`` of Co2SAM's SAM is asked for.

    Args:
        arch: Fields of :class:`~mmwsss.models.sam.sizes.SAMSizes`.
        data_preprocessor: ``dict(type='SAMDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.
    """

    def __init__(
        self,
        *,
        arch: Mapping[str, Any],
        data_preprocessor: Mapping[str, Any] | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(build(MODELS, data_preprocessor), init_cfg)
        self.sam = PromptableSAM(arch=arch, rank=None)
        # Only boxes prompt it, and only the single mask is trained.
        self.sam.requires_grad_(False)
        self.sam.backbone.requires_grad_(True)
        decoder = self.sam.mask_decoder
        for part in (
            *(decoder.transformer, decoder.iou_token, decoder.mask_tokens),
            *(decoder.output_upscaling, decoder.output_hypernetworks_mlps[0]),
            *(decoder.iou_prediction_head, *self.sam.prompt_encoder.point_embeddings[2:]),
            self.sam.prompt_encoder.no_mask_embed,
        ):
            part.requires_grad_(True)
        for name, value in decoder.named_parameters():
            if name.endswith('k_proj.bias'):  # cancels in the softmax
                value.requires_grad_(False)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[SegDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Tensor | dict[str, Tensor] | list[SegDataSample]:
        """Run the network.

        Args:
            inputs: Images in SAM's square. Shape: (N, 3, S, S).
            data_samples: N samples with ``prompts`` and ``objects`` (numbers of the prompts from
                1, in the frame of the image).
            mode: ``'loss'``, ``'predict'`` or ``'tensor'`` (image embeddings).
        """
        if mode == 'tensor':
            return self.sam.encode(inputs)
        if mode not in ('loss', 'predict'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', found {mode!r}")
        assert data_samples is not None, f'mode {mode!r} needs samples'
        boxes = [sample.prompts.pixels(sample.img_shape[:2]) for sample in data_samples]
        embeddings = self.sam.encode(inputs)
        answer = self.sam.decode(embeddings, self.sam.prompts(boxes))
        masks = answer.low.split([len(own) for own in boxes])
        masks = [
            self.sam.upsample(low, sample.img_shape[:2])
            for low, sample in zip(masks, data_samples, strict=True)
        ]
        if mode == 'predict':
            return self._paint(masks, data_samples)
        if not len(answer.iou):  # other processes wait for the gradients of all that is trained
            return dict(loss_mask=0 * sum(p.sum() for p in self.parameters() if p.requires_grad))
        targets = []
        for own, sample in zip(masks, data_samples, strict=True):
            numbers = torch.arange(1, len(own) + 1, device=inputs.device)
            targets.append((sample.objects.data == numbers[:, None, None]).float())
        return self.loss(masks, targets, answer.iou)

    @staticmethod
    def loss(masks: list[Tensor], targets: list[Tensor], iou: Tensor) -> dict[str, Tensor]:
        """Cross entropy and dice of the masks, square error of the IoUs.

        Args:
            masks: Logits of each image's objects. Shape: (n, H, W) each.
            targets: 0 or 1. Same shapes.
            iou: Predicted IoUs of all. Shape: (P,), P >= 1.
        """
        pairs = [(m, t) for m, t in zip(masks, targets, strict=True) if len(m)]
        entropies = [F.binary_cross_entropy_with_logits(m, t) for m, t in pairs]
        dices = [dice_loss(m.sigmoid(), t) for m, t in pairs]
        true = torch.cat([mask_iou(m.detach(), t, 0.0) for m, t in pairs])
        return dict(
            loss_mask=torch.stack(entropies).mean(),
            loss_dice=torch.stack(dices).mean(),
            loss_iou=F.mse_loss(iou, true),
        )

    @staticmethod
    def _paint(masks: list[Tensor], samples: list[SegDataSample]) -> list[SegDataSample]:
        """Label each pixel with the class of its most confident mask, to monitor training."""
        for logits, sample in zip(masks, samples, strict=True):
            size = sample.ori_shape[:2]
            result = torch.zeros((1, *size), dtype=torch.long, device=logits.device)
            if len(logits):
                logits = F.interpolate(logits[None], size, mode='bilinear', align_corners=False)[0]
                value, place = logits.max(0)
                classes = torch.as_tensor(sample.prompts.classes, device=logits.device).long()
                result[0] = torch.where(value > 0, classes[place] + 1, 0)
            sample.pred_sem_seg = PixelData(data=result)
        return samples
