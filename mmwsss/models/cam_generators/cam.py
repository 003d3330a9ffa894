"""The baseline: class activation maps of a tag classifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput, CAMTestCfg
from mmwsss.ops.cam import normalize_cam
from mmwsss.ops.propagation import propagate
from mmwsss.registry import MODELS, build
from mmwsss.structures import Seeds


@dataclass(frozen=True)
class SizedCAMTestCfg(CAMTestCfg):
    """Options of :class:`CAMGenerator` (``test_cfg``): those of :class:`CAMTestCfg` and these.

    Args:
        max_side: Longest side in which seeds of larger photos are stored. A camera's photos have
            far more pixels than the network resolves. None stores seeds in the photo's size, as
            published.
        propagate: Replace each position's score by a mean over all positions, weighted by how
            similar the backbone's inner feature maps are at the first scale (all but the last of
            its ``out_indices``, each minus its mean over the photo). SEAM's PCM (CVPR 2020, section
            3.3) does so with features that are trained for it; here nothing is trained. It helps as
            parts of an object that the classifier does not need look like those that it does. Seeds
            are then stored in the size of the largest of these maps.
    """

    max_side: int | None = None
    propagate: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_side is not None and self.max_side < 1:
            raise ValueError(f'test_cfg.max_side is at least 1 or None, found {self.max_side}')


@MODELS.register_module()
class CAMGenerator(BaseCAMGenerator):
    """Class activation maps of a fully convolutional tag classifier.

    `Learning Deep Features for Discriminative Localization <https://arxiv.org/abs/1512.04150>`_,
    in the form from which PSA and its descendants start: class scores are the means of the maps,
    trained with the multi-label soft margin loss.

    Args:
        backbone: Config or module; the last of its feature maps is used. E.g.
            :class:`~mmwsss.models.backbones.resnet38d.ResNet38d` or ``mmpretrain.ResNet``.
        head: Config or module of a :class:`~mmwsss.models.heads.cam_head.CAMHead`.
        test_cfg: See :class:`SizedCAMTestCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.
    """

    test_cfg_class: ClassVar[type[CAMTestCfg]] = SizedCAMTestCfg
    test_cfg: CAMTestCfg

    def __init__(
        self,
        backbone: dict | nn.Module,
        head: dict | nn.Module,
        *,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        classifier = build(MODELS, head)
        super().__init__(
            num_classes=classifier.num_classes,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.backbone: nn.Module = build(MODELS, backbone)
        self.head: nn.Module = classifier

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the classifier's input, (N, D, h, w), and the raw maps, (N, C, h, w)."""
        return self.head(self.backbone(x)[-1])

    def cams(self, x: Tensor) -> CAMOutput:
        """Class scores and raw class activation maps of images (N, 3, H, W)."""
        _, cam = self.features(x)
        return CAMOutput(cam.mean((-2, -1)), cam)

    def seed_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size (H, W) in which seeds of a photo are stored; see `max_side`."""
        limit = getattr(self.test_cfg, 'max_side', None)
        if limit is None or max(size) <= limit:
            return size
        height, width = (max(1, round(side * limit / max(size))) for side in size)
        return height, width

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Predict as the base class does; then propagate the seeds if ``test_cfg`` says so."""
        super().predict_batch(batches, samples)
        if not getattr(self.test_cfg, 'propagate', False):
            return
        features = inner_features(self.backbone(batches[0]))
        for sample, own in zip(samples, features, strict=True):
            seeds = sample.seeds
            if not len(seeds.classes):
                continue
            maps = torch.from_numpy(seeds.scores).to(own)[None]
            maps = F.interpolate(maps, own.shape[-2:], mode='bilinear', antialias=True)
            scores = normalize_cam(propagate(maps, own[None]))[0]
            sample.seeds = Seeds(seeds.classes, scores.cpu().numpy(), size=seeds.size)

    def protocol(self) -> dict:
        """Describe the seeds as the base class does; `max_side` and `propagate` only where set."""
        protocol = super().protocol()
        optional = [key for key in ('max_side', 'propagate') if not protocol.get(key, True)]
        return {key: value for key, value in protocol.items() if key not in optional}

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute ``loss_cls``, the multi-label soft margin loss, averaged over images and classes.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label``.
        """
        logits = self.checked_cams(inputs).logits
        return dict(loss_cls=F.multilabel_soft_margin_loss(logits, self.tags(data_samples)))


def inner_features(maps: Sequence[Tensor]) -> Tensor:
    """Concatenate inner feature maps of a backbone, each centred and normalised per position.

    Args:
        maps: The backbone's feature maps, the largest first. Shape: (N, D, h, w).

    Returns:
        All but the last, at the size of the first. Shape: (N, sum of D, h, w).

    Raises:
        ValueError: There is but one map.
    """
    if len(maps) < 2:
        raise ValueError(
            'test_cfg.propagate compares inner feature maps, and the backbone gives its last '
            'alone: add them to its out_indices'
        )
    parts = []
    for part in maps[:-1]:
        part = F.interpolate(part.float(), maps[0].shape[-2:], mode='bilinear')
        parts.append(F.normalize(part - part.mean((-2, -1), keepdim=True), dim=1))
    return torch.cat(parts, 1)
