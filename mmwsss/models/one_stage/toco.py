"""ToCo: token contrast on a vision transformer that segments."""

from collections.abc import Sequence
from copy import deepcopy
from typing import cast

import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.heads.prototype_head import PrototypeHead
from mmwsss.models.one_stage.cam_vit import CAMViT
from mmwsss.models.one_stage.one_stage_vit import OneStageViT
from mmwsss.models.one_stage.phase_trigger import is_first_part
from mmwsss.ops.local_crops import certainty, cut_crops, draw_corners, shows_object
from mmwsss.registry import MODELS, build


@MODELS.register_module()
class ToCo(OneStageViT):
    """A transformer that learns maps by token contrast, and segmentation from these maps.

    `Token Contrast for Weakly-Supervised Semantic Segmentation <https://arxiv.org/abs/2303.01267>`_
    (CVPR 2023). In an earlier block tokens are still diverse. Its map says which pairs of tokens of
    the last block should be similar (patch token contrast) and where local crops may show an object
    (class token contrast against a teacher head, a moving average). The last block's map, refined
    by PAR, labels the images for the decoder, whose segmentation is the result.

    Args:
        network: See :class:`OneStageViT`.
        head: Sizes of the :class:`~mmwsss.models.heads.PrototypeHead` of student and teacher:
            ``hidden``, ``bottleneck`` and ``prototypes``.
        momentum: Share of the teacher's weights that is kept in each training step.
        local_size: Side of local crops in pixels.
        num_local: Number of local crops of an image.
        object_ratio: Greatest mean certainty of a crop that counts as background.
        contrast_from: First iteration (from 0) in which token contrast counts.
        own_cam_from: First iteration in which pseudo labels are made from the last block's map;
            before, they are made from the auxiliary map.
        loss_ptc: See :class:`OneStageViT`.
        loss_ctc: Config of a
            :class:`~mmwsss.models.losses.class_token_contrast.ClassTokenContrastLoss`, or the
            module.
        loss_seg: See :class:`OneStageViT`.
        loss_reg: See :class:`OneStageViT`.
        cam_scales: See :class:`OneStageViT`.
        high: See :class:`OneStageViT`.
        low: See :class:`OneStageViT`.
        segment_from: See :class:`OneStageViT`.
        scale_token_boxes: See :class:`OneStageViT`.
        test_cfg: See :class:`OneStageViT`.
        val_cfg: See :class:`OneStageViT`.
        data_preprocessor: See :class:`OneStageViT`.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        *,
        network: dict | CAMViT,
        head: dict[str, int] | None = None,
        momentum: float = 0.9,
        local_size: int = 96,
        num_local: int = 8,
        object_ratio: float = 0.2,
        contrast_from: int = 0,
        own_cam_from: int = 0,
        loss_ptc: dict | nn.Module = dict(type='PatchTokenContrastLoss', loss_weight=0.2),
        loss_ctc: dict | nn.Module = dict(type='ClassTokenContrastLoss', loss_weight=0.5),
        loss_seg: dict | nn.Module = dict(type='BalancedCrossEntropyLoss', loss_weight=0.1),
        loss_reg: dict | nn.Module | None = dict(type='DenseEnergyLoss', loss_weight=0.05),
        cam_scales: Sequence[float] = (1.0, 0.5, 1.5),
        high: float = 0.7,
        low: float = 0.25,
        segment_from: int = 2001,
        scale_token_boxes: bool = True,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            network=network,
            loss_ptc=loss_ptc,
            loss_seg=loss_seg,
            loss_reg=loss_reg,
            cam_scales=cam_scales,
            high=high,
            low=low,
            segment_from=segment_from,
            scale_token_boxes=scale_token_boxes,
            test_cfg=test_cfg,
            val_cfg=val_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if not 0 <= momentum <= 1 or local_size < 1 or num_local < 1:
            raise ValueError(
                'a momentum in [0, 1] and at least one local crop of at least one pixel are '
                f'expected, found {momentum}, {num_local} and {local_size}'
            )
        self.loss_ctc: nn.Module = build(MODELS, loss_ctc)
        self.student = PrototypeHead(self.network.backbone.embed_dims, **(head or {}))
        self.teacher = deepcopy(self.student).requires_grad_(False)
        self.momentum = momentum
        self.local_size, self.num_local, self.object_ratio = local_size, num_local, object_ratio
        self.contrast_from, self.own_cam_from = contrast_from, own_cam_from

    def loss(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute all losses of a step, weighted.

        Before token contrast or segmentation begins, its losses are 0 with gradients of 0: nothing
        is computed for them, but weight decay acts on their weights, as published.

        Args:
            inputs: The training view, a second view of the whole photo, and the view that local
                crops are cut from (the first and the third differ in colours only), see
                :class:`~mmwsss.datasets.transforms.TokenContrastViews`. Shape: (N, 3, H, W) each.
            data_samples: N samples with ``gt_label`` and perhaps ``valid_box``.

        Returns:
            ``loss_cls``, ``loss_aux``, ``loss_ptc``, ``loss_ctc``, ``loss_seg``, ``loss_reg``.

        Raises:
            ValueError: There are not three views.
        """
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 3:
            raise ValueError(
                'three views of each photo are expected, found '
                f'{len(inputs) if isinstance(inputs, (list, tuple)) else 1}: the pipeline needs '
                "dict(type='TokenContrastViews')"
            )
        view, second, local = inputs
        tags, boxes = self.tags(data_samples), self.boxes(view, data_samples)
        cam, aux_cam = self.network.multi_scale_cams(view, self.cam_scales)
        if is_first_part():
            self.update_teacher()
        output = self.network(view)
        losses = self.classification(output, tags)
        if self.iteration >= self.contrast_from:
            crops, positive = self.local_crops(local, aux_cam, tags)
            views = [output.tokens.class_token, self.network.tokens(second).class_token]
            losses['loss_ctc'] = self.class_contrast(views, crops, positive)
            losses['loss_ptc'] = self.token_contrast(output.tokens.patches, aux_cam, tags, boxes)
        else:
            nothing = sum(p.sum() for p in self.student.parameters())
            losses['loss_ctc'] = 0 * cast(Tensor, nothing)
            losses['loss_ptc'] = 0 * output.tokens.patches.float().sum()
        if self.iteration >= self.segment_from:
            chosen = cam if self.iteration >= self.own_cam_from else aux_cam
            labels = self.pseudo_labels(view, chosen, tags, boxes)
            losses |= self.segmentation(output.segmentation, labels, view, boxes)
        else:
            losses['loss_seg'] = 0 * output.segmentation.float().sum()
        return losses

    @torch.no_grad()
    def update_teacher(self) -> None:
        """Move the teacher's weights towards the student's, before the teacher is used."""
        pairs = zip(self.teacher.parameters(), self.student.parameters(), strict=True)
        for teacher, student in pairs:
            teacher.mul_(self.momentum).add_(student, alpha=1 - self.momentum)

    def local_crops(self, images: Tensor, aux_cam: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
        """Cut crops where the auxiliary map is unsure.

        Args:
            images: Shape: (N, 3, H, W).
            aux_cam: Shape: (N, C, H, W).
            tags: Shape: (N, C).

        Returns:
            Crops, crop-major, (L * N, 3, s, s), and whether each shows an object, (N, L), bool.
        """
        roi = certainty(aux_cam, tags, high=self.high, low=self.low)
        corners = draw_corners(roi, self.local_size, self.num_local)
        positive = shows_object(roi, corners, self.local_size, self.object_ratio)
        return cut_crops(images, corners, self.local_size).flatten(0, 1), positive

    def class_contrast(self, views: Sequence[Tensor], crops: Tensor, positive: Tensor) -> Tensor:
        """Compute the contrast of class tokens with the teacher's projections of whole views.

        Args:
            views: Class tokens of whole views, which both heads project. Shape: (N, D) each.
            crops: Local crops, crop-major. Shape: (L * N, 3, s, s).
            positive: See :meth:`local_crops`. Shape: (N, L).
        """
        student, teacher = self.project(views, crops)
        whole = positive.new_ones(len(positive), len(views))
        return self.loss_ctc(student, teacher, torch.cat([whole, positive], 1))

    def project(self, views: Sequence[Tensor], crops: Tensor) -> tuple[Tensor, Tensor]:
        """Project views and crops by the student, and views by the teacher; crop-major."""
        tokens = torch.cat(list(views))
        with torch.no_grad():
            teacher = self.teacher(tokens)
        return self.student(torch.cat([tokens, self.network.tokens(crops).class_token])), teacher
