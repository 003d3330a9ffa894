"""AffinityNet: pairwise affinities of semantic features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.affinity.base import BaseAffinityModel, WalkCfg, stack_maps
from mmwsss.models.losses.affinity_loss import psa_losses
from mmwsss.ops.affinity import feature_affinity, feature_stencil
from mmwsss.ops.background import alpha_background
from mmwsss.ops.path_index import fitting_radius, scan_directions
from mmwsss.ops.random_walk import random_walk
from mmwsss.registry import MODELS, build
from mmwsss.structures import Seeds


@dataclass(frozen=True)
class PSAWalkCfg(WalkCfg):
    """Options of AffinityNet's random walk, background included (``test_cfg``).

    Published: beta 8 with alpha 16 and 8 doublings (PSA), alpha 6 and 6 (ICAM), a background of
    0.39 and 6 (MCTformer, chosen on ground truth).

    Args:
        alpha: Exponent of the background score ``(1 - max)^alpha``; None takes ``background``, or
            the map of the seeds where that is None too.
        pad: Couple all pairs on the grid. The published code leaves out those near the border, see
            :func:`~mmwsss.ops.affinity.feature_stencil`.
    """

    beta: float = 8
    alpha: float | None = 16
    pad: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alpha is not None and (self.alpha <= 0 or self.background is not None):
            raise ValueError(
                'test_cfg: either a positive alpha or a background is expected, found alpha '
                f'{self.alpha} and background {self.background}'
            )


class PSAHead(BaseModule):
    """Three projections of the backbone's features and their fusion.

    Args:
        in_channels: Channels of the three feature maps. They have one size; those of another
            backbone that are larger than the last are averaged down to it.
        channels: Channels of their projections.
        init_cfg: Defaults to the published initialisation.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 1024, 4096),
        channels: Sequence[int] = (64, 128, 256),
        init_cfg: dict | list[dict] | None = None,
    ):
        if init_cfg is None:
            fuse = dict(type='Xavier', name='fuse', gain=4, distribution='uniform')
            init_cfg = dict(type='Kaiming', layer='Conv2d', mode='fan_in', override=fuse)
        super().__init__(init_cfg)
        if len(in_channels) != 3 or len(channels) != 3:
            raise ValueError(
                f'three feature maps are expected, found in_channels {tuple(in_channels)} and '
                f'channels {tuple(channels)}'
            )
        self.proj3, self.proj4, self.proj5 = (
            nn.Conv2d(cin, cout, 1, bias=False)
            for cin, cout in zip(in_channels, channels, strict=True)
        )
        self.fuse = nn.Conv2d(sum(channels), sum(channels), 1, bias=False)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features to compare. Shape: (N, sum(channels), h, w)."""
        layers = (self.proj3, self.proj4, self.proj5)
        height, width = grid = features[-1].shape[-2:]
        features = [
            x if x.shape[-2:] == grid else F.adaptive_avg_pool2d(x, (height, width))
            for x in features
        ]
        parts = [F.elu(layer(x)) for layer, x in zip(layers, features, strict=True)]
        return F.elu(self.fuse(torch.cat(parts, 1)))


@MODELS.register_module()
class AffinityNet(BaseAffinityModel):
    """Affinities ``exp(-mean |f_i - f_j|)`` of neighbouring positions at stride 8.

    `Learning Pixel-level Semantic Affinity with Image-level Supervision for Weakly Supervised
    Semantic Segmentation <https://arxiv.org/abs/1803.10464>`_ (PSA), CVPR 2018; also of ICAM and
    MCTformer.

    Args:
        backbone: Config or module with three feature maps, published:
            ``dict(type='ResNet38d', out_indices=(4, 5, 7), dropout=(0.3, 0.5))``.
        in_channels: Channels of the three.
        channels: Channels of their projections.
        stride: Of the last feature map.
        radius: Positions nearer than it are compared in training; on grids of less than
            ``2 radius + 1`` it shrinks, in a test too
            (:func:`~mmwsss.ops.path_index.fitting_radius`).
        test_cfg: See :class:`PSAWalkCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.
    """

    test_cfg_class = PSAWalkCfg
    test_cfg: PSAWalkCfg

    def __init__(
        self,
        backbone: dict | nn.Module,
        *,
        in_channels: Sequence[int] = (512, 1024, 4096),
        channels: Sequence[int] = (64, 128, 256),
        stride: int = 8,
        radius: int = 5,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(test_cfg=test_cfg, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.backbone = build(MODELS, backbone)
        self.head = PSAHead(in_channels, channels)
        self.stride, self.radius = stride, radius

    def features(self, x: Tensor) -> Tensor:
        """Features to compare, float32. Shape: (N, 3, H, W) to (N, D, H / stride, W / stride)."""
        # Half precision cannot distinguish affinities close to 1.
        return self.head(self.backbone(x)).float()

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """``loss_bg``, ``loss_fg`` and ``loss_neg``; see :func:`psa_losses`."""
        features = self.features(inputs)
        labels = self.pair_labels(data_samples, features.shape[-2:])
        radius = fitting_radius(features.shape[-2:], self.radius)
        losses = psa_losses(feature_affinity(features, radius), labels, radius)
        return dict(loss_bg=losses.bg / 4, loss_fg=losses.fg / 4, loss_neg=losses.neg / 2)

    def walk(self, images: Tensor, seeds: list[Seeds]) -> list[Seeds]:
        """Walked scores with a background map, at the size of the images."""
        height, width = seeds[0].size
        maps = self.walk_on_grid(images, seeds)
        maps = F.interpolate(maps, scale_factor=self.stride, mode='bilinear', align_corners=False)
        walked = maps[..., :height, :width].clamp(0, 1).cpu().numpy()
        return [
            Seeds(old.classes, new[1 : len(old.classes) + 1], new[0], old.size)
            for old, new in zip(seeds, walked, strict=True)
        ]

    def walk_on_grid(self, images: Tensor, seeds: list[Seeds]) -> Tensor:
        """Walked scores at the network's stride.

        Args:
            images: Normalised, perhaps padded on the right and below. Shape: (n, 3, H', W').
            seeds: Of the images, which are all of one size.

        Returns:
            Background, then classes in ascending order, then zeros where others have more classes.
            Shape: (n, largest K + 1, ceil(H / stride), ceil(W / stride)).
        """
        cfg = self.test_cfg
        height, width = seeds[0].size
        border = (0, -width % self.stride, 0, -height % self.stride)
        # Padded with 0 after normalisation, and the background like any score.
        features = self.features(F.pad(images[..., :height, :width], border))
        maps = stack_maps([self._scores(image) for image in seeds], images.device)
        radius = cfg.radius if cfg.pad else fitting_radius(features.shape[-2:], cfg.radius)
        return random_walk(
            F.avg_pool2d(F.pad(maps, border), self.stride),
            feature_stencil(features, radius, cfg.pad),
            scan_directions(radius),
            beta=cfg.beta,
            log_steps=cfg.log_steps,
            budget_mib=cfg.budget_mib,
        )

    def _scores(self, seeds: Seeds) -> np.ndarray:
        """Background and classes at the size of the image. Shape: (K + 1, H, W)."""
        cfg, full = self.test_cfg, seeds.resize()
        if cfg.alpha is not None:
            background = alpha_background(full.scores, cfg.alpha)
        elif cfg.background is not None:
            background = np.full(full.size, cfg.background, np.float32)
        elif full.background is not None:
            background = full.background
        else:
            raise ValueError(
                'AffinityNet: the seeds hold no background map: set alpha or background in test_cfg'
            )
        return np.concatenate([background[None], full.scores])
