"""Two students that label each other: the change of DuPL to the one-stage transformer."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.one_stage.cam_vit import CAMViTOutput
from mmwsss.models.one_stage.one_stage_vit import OneStageViT
from mmwsss.registry import MODELS

Student = Literal['network', 'peer']


@MODELS.register_module()
class DuPL(OneStageViT):
    """Two networks with weights of their own; each segments by the labels of the other.

    After DuPL (CVPR 2024): patch token contrast in both, a loss that keeps their tokens apart so
    that they do not make the same mistakes, no class token contrast, teacher or dense energy. Left
    out are its falling threshold, its filter of noisy labels and its strong views.

    Args:
        network: Config of a :class:`~mmwsss.models.one_stage.cam_vit.CAMViT`, built twice.
        tested: Which of the two is tested. The release reports the better one on val.
        discrepancy_weight: Factor of ``1 + cosine`` of the students' tokens.
        loss_ptc: See :class:`OneStageViT`.
        loss_seg: See :class:`OneStageViT`.
        cam_scales: See :class:`OneStageViT`.
        high: See :class:`OneStageViT`.
        low: See :class:`OneStageViT`.
        segment_from: See :class:`OneStageViT`.
        test_cfg: See :class:`OneStageViT`.
        val_cfg: See :class:`OneStageViT`.
        data_preprocessor: See :class:`OneStageViT`.
        init_cfg: See :class:`OneStageViT`.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        *,
        network: Mapping,
        tested: Student = 'network',
        discrepancy_weight: float = 0.1,
        loss_ptc: dict | nn.Module = dict(type='PatchTokenContrastLoss', loss_weight=0.2),
        loss_seg: dict | nn.Module = dict(type='BalancedCrossEntropyLoss', loss_weight=0.2),
        cam_scales: Sequence[float] = (1.0, 0.5, 1.5),
        high: float = 0.7,
        low: float = 0.25,
        segment_from: int = 2001,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if tested not in get_args(Student):
            raise ValueError(f'tested must be one of {get_args(Student)}, found {tested!r}')
        super().__init__(
            network=MODELS.build(dict(network)),
            loss_ptc=loss_ptc,
            loss_seg=loss_seg,
            loss_reg=None,
            cam_scales=cam_scales,
            high=high,
            low=low,
            segment_from=segment_from,
            test_cfg=test_cfg,
            val_cfg=val_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.peer = MODELS.build(dict(network))
        self.tested, self.discrepancy_weight = tested, discrepancy_weight

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Losses of both students, those of the second with the prefix ``peer_``.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label`` and perhaps ``valid_box``.
        """
        tags, boxes = self.tags(data_samples), self.boxes(inputs, data_samples)
        students = self.network, self.peer
        cams = [student.multi_scale_cams(inputs, self.cam_scales) for student in students]
        outputs: list[CAMViTOutput] = [student(inputs) for student in students]
        losses = {}
        for own, prefix in enumerate(('', 'peer_')):
            output, aux_cam, other_cam = outputs[own], cams[own][1], cams[1 - own][0]
            parts = self.classification(output, tags)
            patches = output.tokens.patches
            parts['loss_ptc'] = self.token_contrast(patches, aux_cam, tags, boxes)
            if self.iteration >= self.segment_from:
                labels = self.pseudo_labels(inputs, other_cam, tags, boxes)
                parts |= self.segmentation(output.segmentation, labels, inputs, boxes)
            else:
                parts['loss_seg'] = 0 * output.segmentation.float().sum()
            other = outputs[1 - own].tokens.patches.detach()
            apart = 1 + F.cosine_similarity(patches, other).mean()
            parts['loss_apart'] = self.discrepancy_weight * apart
            losses |= {prefix + name: value for name, value in parts.items()}
        return losses

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Test one of the students, see :meth:`OneStageViT.predict_batch`."""
        if self.tested == 'network':
            return super().predict_batch(batches, samples)
        self.network, self.peer = self.peer, self.network
        try:
            return super().predict_batch(batches, samples)
        finally:
            self.network, self.peer = self.peer, self.network
