"""Base class of one-stage methods on a vision transformer: ToCo and its descendants."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput
from mmwsss.models.one_stage.cam_vit import CAMViT, CAMViTOutput, resize_by
from mmwsss.models.one_stage.one_stage_test_cfg import OneStageTestCfg
from mmwsss.models.test_cfg import read_test_cfg
from mmwsss.ops.two_level_labels import inside_boxes, par_labels, two_level_labels
from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput
from mmwsss.structures import Seeds


class OneStageViT(BaseCAMGenerator):
    """A network that learns class activation maps and segmentation from tags at once.

    A method implements :meth:`loss` from the parts below: :meth:`classification`,
    :meth:`token_contrast`, :meth:`pseudo_labels` and :meth:`segmentation`. ToCo's descendants
    (SeCo, DuPL, MoRe, CoSA) have other losses and labels, but share these parts.

    Args:
        network: Config or module of a :class:`~mmwsss.models.one_stage.cam_vit.CAMViT`.
        loss_ptc: Config of a
            :class:`~mmwsss.models.losses.patch_token_contrast.PatchTokenContrastLoss`, or the
            module.
        loss_seg: Config of a
            :class:`~mmwsss.models.losses.balanced_cross_entropy.BalancedCrossEntropyLoss`, or the
            module.
        loss_reg: Config of a :class:`~mmwsss.models.losses.dense_energy.DenseEnergyLoss`, or the
            module; None for none.
        cam_scales: Scales of the class activation maps, in training and for seeds; 1 is always one
            of them.
        high: Score above which a pixel surely shows a class.
        low: Score up to which a pixel is surely background.
        segment_from: First iteration (from 0) in which the segmentation learns.
        scale_token_boxes: Divide the box of a photo within its padding by the patch size (rounded
            outwards) before it is applied to the map of tokens. As published (False) the box in
            pixels is applied to that small map, so that padding is hardly ever left out.
        test_cfg: Fields of :class:`OneStageTestCfg`.
        val_cfg: The same for validation while training. Defaults to ``test_cfg``.
        data_preprocessor: With ``mean`` and ``std`` in 0-255, to recover the colours of a view.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: An argument is out of range.
    """

    test_cfg_class: ClassVar[type[OneStageTestCfg]] = OneStageTestCfg
    test_cfg: OneStageTestCfg

    def __init__(
        self,
        *,
        network: dict | CAMViT,
        loss_ptc: dict | nn.Module,
        loss_seg: dict | nn.Module,
        loss_reg: dict | nn.Module | None,
        cam_scales: Sequence[float] = (1.0, 0.5, 1.5),
        high: float = 0.7,
        low: float = 0.25,
        segment_from: int = 0,
        scale_token_boxes: bool = True,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        vit: CAMViT = build(MODELS, network)
        super().__init__(
            num_classes=vit.num_classes,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.val_cfg = self.test_cfg
        if val_cfg is not None:
            self.val_cfg = read_test_cfg(self.test_cfg_class, val_cfg, 'val_cfg')
        if not 0 <= low <= high <= 1 or not cam_scales or min(cam_scales) <= 0:
            raise ValueError(
                '0 <= low <= high <= 1 and positive cam_scales are expected, found '
                f'{low}, {high} and {tuple(cam_scales)}'
            )
        if not hasattr(self.data_preprocessor, 'mean'):
            raise ValueError(
                'labels and energies follow the colours of an image, for which the model needs a '
                "data_preprocessor with mean and std, e.g. dict(type='WSSSDataPreprocessor')"
            )
        self.network = vit
        self.loss_ptc, self.loss_seg, self.loss_reg = (
            build(MODELS, loss) for loss in (loss_ptc, loss_seg, loss_reg)
        )
        self.cam_scales, self.high, self.low = tuple(cam_scales), high, low
        self.segment_from, self.scale_token_boxes = segment_from, scale_token_boxes

    # Parts of a training step ---------------------------------------------------------

    @property
    def iteration(self) -> int:
        """Number of training iterations that are finished."""
        return MessageHub.get_current_instance().get_info('iter', 0)

    def colours(self, images: Tensor) -> Tensor:
        """Undo the normalisation of images (N, 3, H, W) to 0..255, without rounding."""
        return images * self.data_preprocessor.std + self.data_preprocessor.mean

    def boxes(self, images: Tensor, samples: list[SegDataSample]) -> Tensor:
        """Collect where photos lie in their padding: y0, y1, x0, x1. Shape: (N, 4), int64."""
        whole = (0, 0, *images.shape[-2:])
        found = [sample.metainfo.get('valid_box', whole) for sample in samples]
        boxes = torch.tensor(found, device=images.device)
        return boxes[:, [0, 2, 1, 3]]

    def classification(self, output: CAMViTOutput, tags: Tensor) -> dict[str, Tensor]:
        """Compute ``loss_cls`` and ``loss_aux``, of both classifiers; tags (N, C)."""
        return dict(
            loss_cls=F.multilabel_soft_margin_loss(output.logits, tags),
            loss_aux=F.multilabel_soft_margin_loss(output.aux_logits, tags),
        )

    def token_contrast(
        self, patches: Tensor, aux_cam: Tensor, tags: Tensor, boxes: Tensor
    ) -> Tensor:
        """Compute the patch token contrast, with tokens labelled by the auxiliary map.

        Args:
            patches: Tokens of the last block. Shape: (N, D, h, w).
            aux_cam: See :meth:`CAMViT.multi_scale_cams`. Shape: (N, C, H, W).
            tags: Shape: (N, C).
            boxes: See :meth:`boxes`.
        """
        return self.loss_ptc(patches, self.token_labels(aux_cam, patches.shape[-2:], tags, boxes))

    def token_labels(self, cam: Tensor, grid: Sequence[int], tags: Tensor, boxes: Tensor) -> Tensor:
        """Label the tokens; 255 is undecided or padding. Shape: (N, h, w), uint8."""
        if self.scale_token_boxes:
            patch = self.network.backbone.patch_embed.patch_size
            boxes = torch.stack([boxes[:, 0::2] // patch, -(-boxes[:, 1::2] // patch)], -1)
            boxes = boxes.flatten(1)
        cam = F.interpolate(cam, tuple(grid), mode='bilinear')
        return two_level_labels(cam, tags, high=self.high, low=self.low, boxes=boxes)

    def pseudo_labels(self, images: Tensor, cam: Tensor, tags: Tensor, boxes: Tensor) -> Tensor:
        """Label pixels by maps that PAR refines; 255 is undecided or padding.

        Args:
            images: Normalised. Shape: (N, 3, H, W).
            cam: In [0, 1]. Shape: (N, C, H, W).
            tags: Shape: (N, C).
            boxes: See :meth:`boxes`.

        Returns:
            Shape: (N, H, W), uint8.
        """
        pixels = self.colours(images).clamp(0, 255).floor() / 255  # as published, not rounded
        return par_labels(pixels, cam, tags, high=self.high, low=self.low, boxes=boxes)

    def segmentation(
        self, logits: Tensor, labels: Tensor, images: Tensor, boxes: Tensor
    ) -> dict[str, Tensor]:
        """Compute ``loss_seg`` and ``loss_reg``.

        Args:
            logits: From the decoder. Shape: (N, C + 1, h, w).
            labels: See :meth:`pseudo_labels`. Shape: (N, H, W).
            images: Normalised. Shape: (N, 3, H, W).
            boxes: See :meth:`boxes`.
        """
        size = images.shape[-2:]
        logits = F.interpolate(logits.float(), size, mode='bilinear')
        losses = dict(loss_seg=self.loss_seg(logits, labels))
        if self.loss_reg is not None:
            inside = inside_boxes(boxes, size)
            losses['loss_reg'] = self.loss_reg(logits, self.colours(images), labels, inside)
        return losses

    # Testing --------------------------------------------------------------------------

    def val_step(self, data: dict | tuple | list) -> list[SegDataSample]:
        """Run a validation step with the options of ``val_cfg``."""
        test_cfg, self.test_cfg = self.test_cfg, self.val_cfg
        try:
            return super().val_step(data)
        finally:
            self.test_cfg = test_cfg

    def cams(self, x: Tensor) -> CAMOutput:
        """Compute class scores and raw maps of the last block for images (N, 3, H, W)."""
        output = self.network(x)
        return CAMOutput(output.logits, self.network.cams(output.tokens)[0])

    def segment(self, images: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Segment images with the scales and mirror images of ``test_cfg``.

        Args:
            images: Normalised. Shape: (N, 3, H, W).
            size: (H, W) of the result.

        Returns:
            Merged logits, (N, C + 1, H, W), and class scores of the unmirrored images at the
            first scale, (N, C).
        """
        cfg, merged = self.test_cfg, []
        scores: Tensor | None = None
        for scale in cfg.scales:
            x = resize_by(images, scale)
            output = self.network(torch.cat([x, x.flip(-1)]) if cfg.flip else x)
            logits = F.interpolate(output.segmentation.float(), tuple(size), mode='bilinear')
            if cfg.flip:
                own, mirrored = logits.chunk(2)
                logits = _merge([own, mirrored.flip(-1)], cfg.merge_flips)
            merged.append(logits)
            scores = output.logits[: len(images)] if scores is None else scores
        assert scores is not None, 'there is at least one scale'
        return _merge(merged, cfg.merge_scales), scores

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Fill ``pred_sem_seg``, ``seg_logits``, ``tag_scores`` and, if asked for, ``seeds``.

        Args:
            batches: The images, at one scale. Shape: (n, 3, h, w).
            samples: The n samples.
        """
        if len(batches) != 1:
            raise ValueError(
                f'images at one scale are expected, found {len(batches)}: leave MultiScale out of '
                'the pipeline, scales are test_cfg.scales and cam_scales'
            )
        cfg, (images,) = self.test_cfg, batches
        size = tuple(samples[0].ori_shape[:2])
        if cfg.side is not None:
            images = F.interpolate(images, (cfg.side, cfg.side), mode='bilinear')
        logits, scores = self.segment(images, size)
        for sample, own, tag_scores in zip(samples, logits, scores.float().sigmoid(), strict=True):
            sample.seg_logits = PixelData(data=own)
            sample.pred_sem_seg = PixelData(data=own.argmax(0, keepdim=True))
            sample.tag_scores = tag_scores
        if cfg.seeds:
            self._fill_seeds(images, size, samples)

    def store_output(self) -> StoreOutput:
        """Say that a test writes masks and, if it makes seeds, scores."""
        kinds = ('masks', 'scores') if self.test_cfg.seeds else ('masks',)
        return StoreOutput(kinds, self.protocol())

    def protocol(self) -> dict[str, Any]:
        """Describe how segmentations and seeds are made, for the record of a store."""
        protocol = super().protocol()
        if protocol.pop('seeds'):
            return dict(protocol, cam_scales=self.cam_scales)
        for key in ('fuse', 'seeds_of'):
            protocol.pop(key)
        return dict(protocol, image_labels_at_test_time='not used')

    def _fill_seeds(
        self, images: Tensor, size: tuple[int, int], samples: list[SegDataSample]
    ) -> None:
        cam = self.network.multi_scale_cams(images, self.cam_scales)[0]
        if self.test_cfg.use_tags:
            tags = self.tags(samples) > 0
        else:
            scores = torch.stack([sample.tag_scores for sample in samples])
            tags = scores > self.test_cfg.tag_threshold
        for sample, maps, present in zip(samples, cam, tags, strict=True):
            classes = present.nonzero().flatten()
            own = F.interpolate(maps[classes, None], size, mode='bilinear')[:, 0].clamp(0, 1)
            sample.seeds = Seeds(classes.cpu().numpy(), own.cpu().numpy(), size=size)


def _merge(logits: list[Tensor], rule: str) -> Tensor:
    """Merge logits of several views by their sum or maximum."""
    stacked = torch.stack(logits)
    return stacked.sum(0) if rule == 'sum' else stacked.amax(0)
