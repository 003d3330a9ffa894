"""The baseline: class activation maps of a tag classifier."""

from dataclasses import dataclass

import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput, CAMTestCfg
from mmwsss.registry import MODELS, build


@dataclass(frozen=True)
class SizedCAMTestCfg(CAMTestCfg):
    """Fields of :class:`CAMTestCfg`, and how large seeds are held.

    Args:
        max_side: Longest side at which the seeds of larger photos are held; a camera's photos
            would fill stores with numbers that the network does not know. None holds all at the
            photos' size, as published.
    """

    max_side: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_side is not None and self.max_side < 1:
            raise ValueError(f'test_cfg.max_side is at least 1 or None, found {self.max_side}')


@MODELS.register_module()
class CAMGenerator(BaseCAMGenerator):
    """Class activation maps of a fully convolutional tag classifier.

    `Learning Deep Features for Discriminative Localization <https://arxiv.org/abs/1512.04150>`_,
    in the form that all of the PSA family starts from: the class scores are the means of the
    maps, trained with the multi-label soft margin loss.

    Args:
        backbone: Config or module; the last of its feature maps is used. E.g.
            :class:`~mmwsss.models.backbones.resnet38d.ResNet38d` or ``mmpretrain.ResNet``.
        head: Config or module of a :class:`~mmwsss.models.heads.cam_head.CAMHead`.
        test_cfg: See :class:`SizedCAMTestCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.
    """

    test_cfg_class: type[CAMTestCfg] = SizedCAMTestCfg

    def __init__(
        self,
        backbone: dict | nn.Module,
        head: dict | nn.Module,
        *,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        head = build(MODELS, head)
        super().__init__(
            num_classes=head.num_classes,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.backbone = build(MODELS, backbone)
        self.head = head

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the classifier sees, (N, D, h, w), and the raw maps, (N, C, h, w)."""
        return self.head(self.backbone(x)[-1])

    def cams(self, x: Tensor) -> CAMOutput:
        """Class scores and raw class activation maps of images (N, 3, H, W)."""
        _, cam = self.features(x)
        return CAMOutput(cam.mean((-2, -1)), cam)

    def seed_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(H, W) at which the seeds of a photo of this size are held; see `max_side`."""
        limit = getattr(self.test_cfg, 'max_side', None)
        if limit is None or max(size) <= limit:
            return size
        height, width = (max(1, round(side * limit / max(size))) for side in size)
        return height, width

    def protocol(self) -> dict:
        """As in the base; `max_side` where there is one."""
        protocol = super().protocol()
        if protocol.get('max_side', 0) is None:
            del protocol['max_side']
        return protocol

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """``loss_cls``: multi-label soft margin loss, the mean over images and classes.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label``.
        """
        logits = self.cams(inputs).logits
        return dict(loss_cls=F.multilabel_soft_margin_loss(logits, self.tags(data_samples)))
