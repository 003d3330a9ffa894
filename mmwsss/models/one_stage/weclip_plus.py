"""WeCLIP+: a second frozen encoder beside CLIP, one decoder for both."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.models.heads.token_fusion import TokenFusion
from mmwsss.models.one_stage.phase_trigger import training_iteration
from mmwsss.models.one_stage.second_encoder import SecondEncoder
from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.models.one_stage.token_segmentor import TokenSegmentor
from mmwsss.registry import MODELS, build


@MODELS.register_module()
class WeCLIPPlus(TokenSegmentor):
    """Frozen CLIP-DINO: A Strong Backbone for Weakly Supervised Semantic Segmentation.

    `B. Zhang et al., TPAMI 2025 <https://ieeexplore.ieee.org/document/10891864>`_. It adds DINOv2
    to :class:`WeCLIP`: features of both go through the same decoder, and the mean of both logits is
    the segmentation. Labels are made as in phase 2 from the beginning; maps are multiplied with the
    predicted probabilities before they are spread.

    Args:
        second: Arguments of a :class:`~mmwsss.models.one_stage.second_encoder.SecondEncoder`, or
            one.
        cam_block: Block whose tokens GradCAM feeds into the last one: -1 is the block before the
            last (COCO), -2 the one before that (VOC).
        channels: Channels of the decoder.
        dropout: Share of fused channels that are dropped in training.
        loss_dice: Config of a :class:`~mmwsss.models.losses.batch_dice.BatchDiceLoss`; with
            ``ignore_padding`` it should have ``count_ignored=False``.
        mutual_weight: Weight of the mutual terms: ``loss_seg`` of each encoder's logits against
            what the other predicts. With ``guarded=False``, as released, it is NaN as soon as one
            prediction has no background or no foreground.
        late_after: Training iteration, from 1, after which confident predictions replace labels
            (18001 on VOC and 40001 on COCO in the release); None for never.
        confidence: Probability above which a prediction is confident.
        late_tags_only: Replace labels only by classes of the photo's tags; the release takes any.
        options: All others of :class:`TokenSegmentor` but ``phase2``. Published: ``choose`` is 6 on
            VOC and 8 on COCO; with ViT-L/14 it is 12, ``scale_divisor`` 4 and ``layers`` 5. On VOC
            ``caa`` has ``threshold=None``, so that every place gives.

    Raises:
        ValueError: The second encoder has no weights, or see :class:`TokenSegmentor`.
    """

    FUSED = 1
    #: Options of the base that are set here, not taken.
    SET_HERE: ClassVar[tuple[str, ...]] = ('phase2',)

    def __init__(
        self,
        *,
        second: Mapping[str, Any] | SecondEncoder,
        cam_block: int = -1,
        channels: int = 256,
        dropout: float = 0.1,
        loss_dice: Mapping[str, Any] = dict(type='BatchDiceLoss'),
        mutual_weight: float = 0.1,
        late_after: int | None = 18001,
        confidence: float = 0.75,
        late_tags_only: bool = False,
        **options: Any,
    ):
        super().__init__(phase2=dict(after=0), channels=channels, dropout=dropout, **options)
        blocks = self.seeder.clip.sizes.vision_layers - 1
        if not -blocks <= cam_block <= -1:
            raise ValueError(f'cam_block is -1..-{blocks} for this CLIP, found {cam_block}')
        self.second = second if isinstance(second, SecondEncoder) else SecondEncoder(**second)
        self.second_fusion = TokenFusion(
            self.second.channels, 1, channels=channels, dropout=dropout
        )
        self.loss_dice = build(MODELS, loss_dice)
        self.cam_block, self.mutual_weight = cam_block, mutual_weight
        self.late_after, self.confidence = late_after, confidence
        self.late_tags_only = late_tags_only

    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Average the logits of both encoders, and join their features."""
        image = self.seeder.clip.encode(x, attention, keep_blocks=True, drop_rest=True)
        fused = self.fusion([image.tokens[:, 1:]], image.grid)
        maps = self.second(x)
        own = self.second_fusion([maps.flatten(2).transpose(1, 2)], tuple(maps.shape[-2:]))
        own = F.interpolate(own, image.grid, mode='bilinear')
        both = self.decoder(fused), self.decoder(own)
        return Segmented(image, sum(both) / 2, torch.cat([fused, own], 1), both)

    def cam_tokens(self, image: CLIPTokens) -> CLIPTokens:
        """Return the tokens of the block that GradCAM feeds into the last one."""
        return self.seeder.clip.enter_last(image, self.cam_block)

    def weights(self, seen: Segmented, tags: Tensor) -> Tensor:
        """Weigh patches by the predicted probability of each class. Shape: (N, C, h, w)."""
        return seen.logits.detach().float().softmax(1)[:, 1:]

    def losses(self, seen: Segmented, label: Tensor, tags: Tensor) -> dict[str, Tensor]:
        """Compute the five losses from pseudo labels (N, H, W)."""
        size = label.shape[-2:]
        up = [F.interpolate(x.float(), size, mode='bilinear') for x in seen.by_encoder]
        affinity = self.loss_affinity(self.affinity(seen.features), label, seen.image.grid)
        mean = (up[0] + up[1]) / 2
        label = self.late_label(mean, label, tags)
        padding = label == 255
        clip, second = (
            self.loss_seg(own, other.detach().argmax(1).masked_fill(padding, 255))
            for own, other in (up, reversed(up))
        )
        return dict(
            loss_seg=self.loss_seg(mean, label),
            loss_dice=self.loss_dice(mean, label),
            loss_affinity=self.affinity_weight * affinity,
            loss_clip=self.mutual_weight * clip,
            loss_second=self.mutual_weight * second,
        )

    @torch.no_grad()
    def late_label(self, logits: Tensor, label: Tensor, tags: Tensor) -> Tensor:
        """Replace labels by confident predictions, late in the training.

        Args:
            logits: Logits at full size. Shape: (N, C + 1, H, W).
            label: Pseudo labels. Shape: (N, H, W).
            tags: Multi-hot. Shape: (N, C).
        """
        if self.late_after is None or training_iteration() <= self.late_after:
            return label
        best, found = logits.softmax(1).max(1)
        sure = (best > self.confidence) & (label != 255)
        if self.late_tags_only:
            allowed = F.pad(tags > 0, (1, 0), value=True)
            sure &= allowed.gather(1, found.flatten(1)).view_as(found)
        return torch.where(sure, found, label)

    def protocol(self) -> dict[str, Any]:
        """Describe how maps are made, for the record of a store."""
        return dict(super().protocol(), second=self.second.protocol())
