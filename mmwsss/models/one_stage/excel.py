"""ExCEL: dense similarities of a frozen CLIP and enriched texts label photos."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.surgery import CLIPSurgery, Features, cosines, learnt_attention
from mmwsss.models.clip.text_bank import TextBank
from mmwsss.models.one_stage.excel_test_cfg import ExCELTestCfg
from mmwsss.models.one_stage.weclip import Segmented, WeCLIP
from mmwsss.models.one_stage.weclip_test_cfg import training_iteration
from mmwsss.ops.refined_label import refined_scores
from mmwsss.ops.text_similarity import text_similarity
from mmwsss.registry import MODELS
from mmwsss.structures import Seeds


@MODELS.register_module()
class ExCEL(WeCLIP):
    """Exploring CLIP's Dense Knowledge for Weakly Supervised Semantic Segmentation.

    `Z. Yang et al., CVPR 2025 <https://arxiv.org/abs/2503.20826>`_. The skeleton of
    :class:`~mmwsss.models.one_stage.weclip.WeCLIP` with other class maps: similarities of patches,
    by surgery attention, and class texts that a bank of sentences enriches, without gradients.
    Later, the decoder's features sharpen CLIP's attention (LVC) and its walk.

    As published, means of similarities are taken over all places of the batch, that of this
    process: a result depends on the other images of the batch, except for the segmentation at test
    time.

    Args:
        clip: Config of a :class:`~mmwsss.models.clip.clip.CLIP`, or one.
        prompts: Arguments of a :class:`~mmwsss.models.clip.fixed_prompts.FixedPrompts`, or one.
        num_classes: Foreground classes C.
        caa: Fields of an :class:`~mmwsss.ops.attention_affinity.AttentionAffinity`.
        bank: Arguments of a :class:`~mmwsss.models.clip.text_bank.TextBank`, or one; None leaves
            the texts as they are.
        surgery: Last blocks of CLIP with surgery attention.
        features: What the decoder gets of CLIP: ``'published'`` or ``'clean'``, see
            :class:`~mmwsss.models.clip.surgery.CLIPSurgery`.
        learnt_after: Iterations of training after which labels use what is learnt (VOC 14000, COCO
            30000).
        own_labels_after: Iterations after which the affinity learns from the own prediction (VOC
            24000); None for never (COCO).
        choose: Last blocks of which the learnt affinity chooses the attention.
        channels: Of the decoder.
        layers: Its transformer blocks.
        heads: Its attention heads.
        dropout: Share of fused channels that are dropped in training.
        loss_seg: Config of the segmentation's loss, on logits and label.
        loss_affinity: Config of a
            :class:`~mmwsss.models.losses.token_affinity.TokenAffinityLoss`.
        affinity_weight: Weight of that.
        par_iterations: Averages of PAR.
        ignore_padding: Leave padding out of the losses; published trainings learn it.
        test_cfg: Fields of :class:`~mmwsss.models.one_stage.excel_test_cfg.ExCELTestCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor')``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: An argument is out of range, or the numbers of classes and prompts differ.
    """

    def __init__(
        self,
        *,
        clip: Mapping[str, Any] | CLIP,
        prompts: Mapping[str, Any] | FixedPrompts,
        num_classes: int,
        caa: Mapping[str, Any],
        bank: Mapping[str, Any] | TextBank | None,
        surgery: int = 5,
        features: Features = 'published',
        learnt_after: int = 14000,
        own_labels_after: int | None = 24000,
        choose: int = 6,
        channels: int = 256,
        layers: int = 3,
        heads: int = 8,
        dropout: float = 0.1,
        loss_seg: Mapping[str, Any] = dict(type='BalancedCrossEntropyLoss'),
        loss_affinity: Mapping[str, Any] = dict(type='TokenAffinityLoss', radius=8),
        affinity_weight: float = 0.1,
        par_iterations: int = 20,
        ignore_padding: bool = False,
        test_cfg: Mapping[str, Any] | None = None,
        data_preprocessor: Mapping[str, Any] | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            clip=clip,
            prompts=prompts,
            num_classes=num_classes,
            caa=caa,
            choose=choose,
            phase2=dict(after=learnt_after),
            channels=channels,
            layers=layers,
            heads=heads,
            dropout=dropout,
            loss_seg=loss_seg,
            loss_affinity=loss_affinity,
            affinity_weight=affinity_weight,
            par_iterations=par_iterations,
            ignore_padding=ignore_padding,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        known = [field.name for field in fields(ExCELTestCfg)]
        if unknown := sorted(set(test_cfg or {}) - set(known)):
            raise ValueError(f'test_cfg has unknown keys {unknown}, known are {known}')
        self.test_cfg = ExCELTestCfg(**(test_cfg or {}))
        patch = self.seeder.clip.sizes.vision_patch_size
        sides = [int(self.test_cfg.side * scale) for scale in (1, *self.test_cfg.scales)]
        if wrong := [side for side in sides if side % patch or not side]:
            raise ValueError(
                f'test_cfg.side times each scale is a multiple of a patch of {patch} pixels, found '
                f'{wrong}'
            )
        self.bank = bank if bank is None or isinstance(bank, TextBank) else TextBank(**bank)
        self.surgery = CLIPSurgery(self.seeder.clip, surgery, features)
        self.own_labels_after = own_labels_after

    @staticmethod
    def fused_blocks(layers: int) -> int:
        """Blocks whose tokens are fused, of a CLIP with so many."""
        return layers

    # The network ----------------------------------------------------------------------

    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Logits and features; all attention is there anyway. Shape of images: (N, 3, H, W)."""
        image = self.surgery.encode(x)
        fused = self.fusion([block[:, 1:] for block in image.blocks], image.grid)
        return Segmented(image, self.decoder(fused), fused)

    def text(self) -> Tensor:
        """Features of all prompts, those of the classes enriched. Shape: (G, E)."""
        clip = self.seeder.clip
        text = self.seeder.prompts.features(clip)
        return text if self.bank is None else self.bank.enrich(text, clip, self.num_classes)

    @torch.no_grad()
    def class_maps(self, seen: Segmented, learnt: bool = False) -> Tensor:
        """Similarities of patches and classes.

        Args:
            seen: N images.
            learnt: Whether the decoder's features take part in CLIP's attention (LVC).

        Returns:
            In [0, 1]; a map begins at 0 unless its minimum is at the class token.
            Shape: (N, C, h, w).
        """
        image = seen.image
        tokens = image.projected
        if learnt:
            tokens = self.surgery.project(image, learnt_attention(seen.features))
        maps = text_similarity(tokens, self.text())[:, 1:, : self.num_classes]
        return maps.transpose(1, 2).unflatten(2, image.grid)

    # Labels ---------------------------------------------------------------------------

    @torch.no_grad()
    def class_scores(
        self, seen: Segmented, tags: Tensor, phase2: bool, lvc: bool | None = None
    ) -> list[Tensor]:
        """Scores of each image's tags in [0, 1), at the resolution of patches.

        Args:
            seen: N images.
            tags: Multi-hot. Shape: (N, C).
            phase2: Whether the walk uses what is learnt.
            lvc: Whether the maps do. Defaults to ``phase2``.

        Returns:
            N tensors. Shape: (P, h, w) each.
        """
        with torch.autocast(tags.device.type, enabled=False):
            maps = self.class_maps(seen, phase2 if lvc is None else lvc)
            affinity = relative_affinity(seen.features) if phase2 else None
            attention = torch.stack(seen.image.attention, 1)
            return [
                self.seeder.scores(
                    own[tag > 0],
                    attention[index],
                    None if affinity is None else affinity[index],
                )
                if tag.any()
                else own[:0]
                for index, (own, tag) in enumerate(zip(maps, tags, strict=True))
            ]

    def _refine(self, x: Tensor, low: Tensor) -> Tensor:
        """As in training: PAR sees the crop cut to 8 bits. Shape: (1 + P, H, W)."""
        mean, std = self.data_preprocessor.mean, self.data_preprocessor.std
        return super()._refine((x * std + mean).clamp(0, 255).floor() / 255, low)

    # Training -------------------------------------------------------------------------

    def losses(self, seen: Segmented, label: Tensor, tags: Tensor) -> dict[str, Tensor]:
        """The losses, given the labels. Shape of these: (N, H, W)."""
        taught = label
        if self.own_labels_after is not None and training_iteration() > self.own_labels_after:
            logits = F.interpolate(seen.logits.detach(), label.shape[-2:], mode='bilinear')
            taught = logits.argmax(1).masked_fill(label == 255, 255)
        affinity = self.loss_affinity(relative_affinity(seen.features), taught, seen.image.grid)
        return dict(
            loss_seg=self.loss_seg(seen.logits.float(), label),
            loss_affinity=self.affinity_weight * affinity,
        )

    # Testing --------------------------------------------------------------------------

    def val_step(self, data: dict | tuple | list) -> list[SegDataSample]:
        """Both at one scale: the segmentation, and seeds where samples have tags."""
        data = self.data_preprocessor(data, False)
        with torch.no_grad():
            for x, sample in zip(data['inputs'], data['data_samples'], strict=True):
                seen = self.segment(self.squeezed(x[None]))
                self._keep_segmentation(sample, x, seen.logits, crf=False)
                if 'gt_label' in sample:
                    self._keep_seeds(sample, x, seen)
        return data['data_samples']

    @torch.no_grad()
    def predict(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Fill ``pred_sem_seg`` (int64 (1, H, W)), or ``seeds``, see ``test_cfg``.

        Args:
            inputs: Normalised photos at their own sizes.
            data_samples: Samples with ``ori_shape``; for seeds with ``gt_label``.
        """
        for x, sample in zip(inputs, data_samples, strict=True):
            if self.test_cfg.output == 'seeds':
                self._keep_seeds(sample, x, self.segment(self.squeezed(x[None])))
            else:
                size = tuple(sample.ori_shape[:2])
                self._keep_segmentation(sample, x, self.merged(x[None], size))
        return data_samples

    def squeezed(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """A photo as a square. Shape: (1, 3, H, W) to (1, 3, side, side)."""
        side = int(self.test_cfg.side * scale)
        return F.interpolate(x, (side, side), mode='bilinear')

    def merged(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Mean logits of all scales and mirrorings.

        Args:
            x: A photo. Shape: (1, 3, H, W).
            size: Of the photo on disk.

        Returns:
            At ``average_at`` of the size. Shape: (1, C + 1, h, w).
        """
        cfg, merged = self.test_cfg, []
        size = tuple(max(1, int(side * cfg.average_at)) for side in size)
        for scale in cfg.scales:
            view = self.squeezed(x, scale)
            flip = cfg.flip and (scale != 1 or cfg.flip_first)
            views = torch.cat([view, view.flip(-1)]) if flip else view
            logits = F.interpolate(self.segment(views).logits.float(), size, mode='bilinear')
            merged.append((logits[:1] + logits[1:].flip(-1)) / 2 if flip else logits)
        return torch.stack(merged).mean(0)

    def _keep_seeds(self, sample: SegDataSample, x: Tensor, seen: Segmented) -> None:
        """Seeds of the tags with a background map, as labels are made in validations."""
        cfg, size = self.test_cfg, tuple(sample.ori_shape[:2])
        tags = self.tags([sample]).to(x.device)
        trained = self.seeder.caa
        self.seeder.caa = replace(trained, threshold=cfg.threshold)
        (low,) = self.class_scores(seen, tags, phase2=cfg.learnt, lvc=False)
        self.seeder.caa = trained
        # PAR sees the photo at the size of the maps.
        photo = F.interpolate(x[None], size, mode='bilinear', align_corners=True)[0]
        scores = low.new_zeros((0, *size))
        if len(low):
            scores = F.interpolate(low[None].float(), size, mode='bilinear')[0]
        refined = refined_scores(photo, scores, self.par_iterations) / 1.01**self.par_iterations
        scores = refined.clamp(0, 1).cpu().numpy()
        classes = tags[0].nonzero()[:, 0].cpu().numpy()
        sample.seeds = Seeds(classes, scores[1:], scores[0], size)

    def protocol(self) -> dict[str, Any]:
        """How the maps were made, for the record of a store."""
        bank = dict(text_bank=None) if self.bank is None else self.bank.protocol()
        return dict(super().protocol(), **bank, surgery=self.surgery.blocks)


def relative_affinity(features: Tensor) -> Tensor:
    """How alike places are, against the mean of all pairs of the batch (ExCEL).

    Args:
        features: Shape: (N, E, h, w).

    Returns:
        In (0, 1). Shape: (N, h w, h w).
    """
    with torch.autocast(features.device.type, enabled=False):
        cosine = cosines(features)
        return (3 * (cosine - cosine.mean())).sigmoid()
