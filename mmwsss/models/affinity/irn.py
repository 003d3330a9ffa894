"""IRN: affinities from class boundaries."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.affinity.base import BaseAffinityModel, WalkCfg, stack_maps
from mmwsss.models.affinity.irn_heads import DisplacementHead, EdgeHead
from mmwsss.models.losses.affinity_loss import irn_losses
from mmwsss.ops.affinity import edge_stencil
from mmwsss.ops.path_index import path_directions
from mmwsss.ops.random_walk import random_walk
from mmwsss.registry import MODELS, build
from mmwsss.structures import Seeds

STRIDE = 4


@dataclass(frozen=True)
class IRNWalkCfg(WalkCfg):
    """Options of IRN's random walk (``test_cfg``).

    Published: background 0.25 and power 1 (IRN), 0.27 and 1.3 (RIB on VOC; 0.22 on COCO), 0.35 and
    1 (LPCAM); no padding for RIB on COCO and LPCAM.

    Args:
        power: Exponent of the scores before the walk.
        pad_to: Images are padded with zeros to squares of this side at least; None leaves them as
            they are. The official code cuts larger images at 512, which never happens on VOC.
    """

    background: float | None = 0.25
    power: float = 1.0
    pad_to: int | None = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.background is None or self.power <= 0:
            raise ValueError(
                'test_cfg: a background and a positive power are expected, found '
                f'{self.background} and {self.power}'
            )


@MODELS.register_module()
class IRNet(BaseAffinityModel):
    """IRNet: predicts class boundaries on a frozen ResNet and spreads seeds within them.

    `Weakly Supervised Learning of Instance Segmentation with Inter-pixel Relations
    <https://arxiv.org/abs/1904.05044>`_ (IRN), CVPR 2019; also of RIB and LPCAM. This is the part
    that makes semantic labels.

    Args:
        backbone: Config or module of ``mmpretrain.ResNet`` with ``strides=(1, 2, 2, 1)``; or of
            another network, whose feature maps begin with strides 2, 4 and 8: the first is pooled
            to stride 4, as the stem of a ResNet is. It is never trained and always in eval mode.
        in_channels: Channels of its stem and its stages, or of the feature maps.
        strides: Their strides: 4, 4, 8 and then multiples of 8.
        radius: Positions nearer than it are compared in training.
        test_cfg: See :class:`IRNWalkCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.
    """

    test_cfg_class = IRNWalkCfg
    test_cfg: IRNWalkCfg

    def __init__(
        self,
        backbone: dict | nn.Module,
        *,
        in_channels: Sequence[int] = (64, 256, 512, 1024, 2048),
        strides: Sequence[int] = (4, 4, 8, 16, 16),
        radius: int = 10,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(test_cfg=test_cfg, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.backbone = build(MODELS, backbone)
        self.backbone.requires_grad_(False)
        strides = tuple(strides)
        if len(in_channels) != len(strides) or strides[:3] != (4, 4, 8):
            raise ValueError(
                'in_channels and as many strides that begin with 4, 4, 8 are expected, found '
                f'{tuple(in_channels)} and {strides}'
            )
        self.edge = EdgeHead(in_channels, strides)
        self.disp = DisplacementHead(in_channels, strides)
        self.radius = radius

    def train(self, mode: bool = True) -> 'IRNet':
        """Set the mode; the backbone stays in eval mode."""
        super().train(mode)
        self.backbone.eval()
        return self

    @torch.no_grad()
    def features(self, x: Tensor) -> list[Tensor]:
        """Outputs of the stem, after its pooling, and of the stages; without gradients."""
        net = self.backbone
        if not hasattr(net, 'res_layers'):
            first, *others = net(x)
            return [F.max_pool2d(first, 3, stride=2, padding=1), *others]
        outputs = [net.maxpool(net.relu(net.norm1(net.conv1(x))))]
        for name in net.res_layers:
            outputs.append(getattr(net, name)(outputs[-1]))
        return outputs

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Losses of boundaries and displacements; see :func:`irn_losses`."""
        features = self.features(inputs)
        labels = self.pair_labels(data_samples, features[1].shape[-2:])
        # Not in half precision: it has no affinities just below 1, and too few pairs to count.
        edges = self.edge(features)[:, 0].float().sigmoid()
        losses = irn_losses(edges, self.disp(features).float(), labels, self.radius)
        return dict(
            loss_pos=(losses.bg + losses.fg) / 4,
            loss_neg=losses.neg / 2,
            loss_disp_fg=losses.disp_fg / 2,
            loss_disp_bg=losses.disp_bg / 2,
        )

    def view_features(self, images: Tensor) -> list[Tensor]:
        """Features of images and then of their mirror images, each padded on the right and below.

        Args:
            images: Normalised. Shape: (n, 3, H, W).

        Returns:
            Shape: (2 n, channels, h, w) each.
        """
        height, width = images.shape[-2:]
        side = self.test_cfg.pad_to or 0
        border = (0, max(side - width, 0), 0, max(side - height, 0))
        return self.features(F.pad(torch.cat([images, images.flip(-1)]), border))

    def boundaries(self, features: Sequence[Tensor], grid: tuple[int, int]) -> Tensor:
        """Edges of both views, their logits averaged.

        Args:
            features: Of :meth:`view_features`.
            grid: ``(h, w)`` of the images at stride 4, rounded up.

        Returns:
            In [0, 1]. Shape: (n, h, w).
        """
        logits = self.edge(features)[:, 0, : grid[0], : grid[1]].float()
        plain, mirrored = logits.chunk(2)
        return (plain / 2 + mirrored.flip(-1) / 2).sigmoid()

    def displacement(self, features: Sequence[Tensor], grid: tuple[int, int]) -> Tensor:
        """Displacements of the plain views; arguments as of :meth:`boundaries`.

        Returns:
            ``(dy, dx)`` in cells. Shape: (n, 2, h, w).
        """
        plain = [x.chunk(2)[0] for x in features]
        return self.disp(plain)[..., : grid[0], : grid[1]]

    def walk(self, images: Tensor, seeds: list[Seeds]) -> list[Seeds]:
        """Walked scores, their maximum over classes and positions 1, at the size of the images."""
        height, width = seeds[0].size
        grid = (-(-height // STRIDE), -(-width // STRIDE))
        images = images[..., :height, :width]
        edges = self.boundaries(self.view_features(images), grid)
        maps = stack_maps([image.resize(grid).scores for image in seeds], images.device)
        scores = walk_within_edges(maps, edges, self.test_cfg, (height, width)).cpu().numpy()
        return [
            Seeds(old.classes, new[: len(old.classes)], size=old.size)
            for old, new in zip(seeds, scores, strict=True)
        ]


def walk_within_edges(
    maps: Tensor, edges: Tensor, cfg: IRNWalkCfg, size: tuple[int, int]
) -> Tensor:
    """IRN's step from class scores and boundaries to scores at the size of the image.

    Args:
        maps: Scores at stride 4. Shape: (N, K, h, w).
        edges: In [0, 1]. Shape: (N, h, w).
        cfg: Of the walk.
        size: ``(H, W)`` of the images, at most four times the maps'.

    Returns:
        In [0, 1]; the largest score of an image is 1. Shape: (N, K, H, W).
    """
    if not maps.shape[1]:
        return maps.new_zeros(len(maps), 0, *size)
    maps = random_walk(
        maps**cfg.power * (1 - edges[:, None]),
        edge_stencil(edges, cfg.radius),
        path_directions(cfg.radius),
        beta=cfg.beta,
        log_steps=cfg.log_steps,
        budget_mib=cfg.budget_mib,
    )
    maps = F.interpolate(maps, scale_factor=STRIDE, mode='bilinear', align_corners=False)
    maps = maps[..., : size[0], : size[1]]
    largest = maps.amax((1, 2, 3), keepdim=True)
    return maps / largest.where(largest > 0, 1)
