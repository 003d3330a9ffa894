"""MCTformer-V2: class activation maps from the attention of class tokens."""

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.backbones.class_token_layer import AttentionWatch
from mmwsss.models.backbones.class_token_vit import ClassTokenViT, ClassTokenViTOutput
from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput, CAMTestCfg
from mmwsss.models.heads.patch_cam_head import PatchCAMHead
from mmwsss.models.losses.background_complement import refine_maps
from mmwsss.ops.max_norm import max_normalize
from mmwsss.registry import MODELS, build


@dataclass(frozen=True)
class ClassTokenTestCfg(CAMTestCfg):
    """Options of making seeds from attention (``test_cfg``).

    Args:
        class_blocks: Number of last blocks whose attention from class tokens to patches is added
            up; None takes all.
        patch_blocks: The same for attention between patches; 0 leaves that refinement out.
    """

    class_blocks: int | None = None
    patch_blocks: int | None = None


@MODELS.register_module()
class MCTformer(BaseCAMGenerator):
    """Vision transformer with a token for each class and a convolution on its patches.

    `Multi-class Token Transformer for Weakly Supervised Semantic Segmentation
    <https://arxiv.org/abs/2203.02891>`_ (CVPR 2022), the variant V2. Each class has two scores: the
    mean of its token, and the mean of its map over the patches. Its seed is its map times the
    attention from its token to the patches, spread along the attention between patches.

    Args:
        backbone: Config or module of a
            :class:`~mmwsss.models.backbones.class_token_vit.ClassTokenViT`.
        head: Config or module of a
            :class:`~mmwsss.models.heads.patch_cam_head.PatchCAMHead`.
        test_cfg: See :class:`ClassTokenTestCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: Backbone and head differ in their classes.
    """

    test_cfg_class: ClassVar[type[ClassTokenTestCfg]] = ClassTokenTestCfg
    test_cfg: ClassTokenTestCfg

    def __init__(
        self,
        backbone: dict | ClassTokenViT,
        head: dict | PatchCAMHead,
        *,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        vit: ClassTokenViT = build(MODELS, backbone)
        maps: PatchCAMHead = build(MODELS, head)
        super().__init__(
            num_classes=maps.num_classes,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if (maps.num_classes, maps.conv.out_channels) != (vit.num_classes, vit.num_tokens):
            raise ValueError(
                'backbone and head must agree in num_classes and background, found tokens '
                f'{vit.num_tokens} of {vit.num_classes} classes and maps '
                f'{maps.conv.out_channels} of {maps.num_classes}'
            )
        for name, least in (('class_blocks', 1), ('patch_blocks', 0)):
            number = getattr(self.test_cfg, name)
            if number is not None and not least <= number <= vit.depth:
                raise ValueError(
                    f'test_cfg.{name} must be {least} to {vit.depth}, the blocks of the '
                    f'backbone, or None for all; found {number}'
                )
        self.backbone = vit
        self.head = maps

    def cams(self, x: Tensor) -> CAMOutput:
        """Compute class scores and refined, non-negative maps of images (N, 3, H, W)."""
        token_scores, maps, seeds = self.attended(x)
        return CAMOutput((token_scores + maps.mean((-2, -1))) / 2, seeds)

    def attended(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the network and refine its maps by its attention.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).

        Returns:
            Scores by class tokens (N, C), raw maps (N, C, h, w), and non-negative maps that are
            weighted and refined by attention, (N, C, h, w).
        """
        depth, cfg = self.backbone.depth, self.test_cfg
        refined = cfg.patch_blocks != 0
        watch = AttentionWatch(
            classes_from=depth - (cfg.class_blocks or depth),
            patches_from=depth - (cfg.patch_blocks or depth) if refined else None,
        )
        output = self.backbone(x, [watch])
        maps = self.head(output.patches)
        token_scores, _ = self.scores(output.tokens, maps)
        maps = self.foreground(maps)
        assert watch.classes is not None
        seeds = maps.relu() * self.foreground(watch.classes).view_as(maps)
        if watch.patches is not None:
            seeds = refine_maps(seeds, watch.patches)
        return token_scores, maps, seeds

    def scores(self, tokens: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Score the classes, (N, C), by tokens (N, K, D) and by raw maps (N, K, h, w)."""
        return self.foreground(tokens).mean(-1), self.foreground(maps).mean((-2, -1))

    def foreground(self, x: Tensor) -> Tensor:
        """Drop the background. Shape: (N, K, ...) to (N, C, ...)."""
        return x[:, -self.num_classes :]

    def normalize(self, maps: Tensor) -> Tensor:
        """Stretch each fused map from its minimum to its maximum."""
        return max_normalize(maps)

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute ``loss_cls`` from the class tokens and ``loss_patch`` from the maps.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label``.
        """
        output: ClassTokenViTOutput = self.backbone(inputs)
        scores = self.scores(output.tokens, self.head(output.patches))
        tags = self.tags(data_samples)
        names = ('loss_cls', 'loss_patch')
        losses = (F.multilabel_soft_margin_loss(score, tags) for score in scores)
        return dict(zip(names, losses, strict=True))
