"""WeCLIP: a frozen CLIP labels photos and carries the segmentor that learns from them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.clip.clip import CLIP, CLIPTokens
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.seeder import CLIPSeeder
from mmwsss.models.heads.token_decoder import TokenDecoder, TokenFusion, token_affinity
from mmwsss.models.one_stage.weclip_test_cfg import PhaseTrigger, WeCLIPTestCfg
from mmwsss.ops.dense_crf import DenseCRF, softmax_unary
from mmwsss.ops.refined_label import refined_label, refined_scores
from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


class Segmented(NamedTuple):
    """What the network says about N images.

    Args:
        image: Their tokens in CLIP.
        logits: On the grid of patches. Shape: (N, C + 1, h, w).
        features: What the affinity of places is made of. Shape: (N, E, h, w).
        by_encoder: Logits of each encoder, where there are several.
    """

    image: CLIPTokens
    logits: Tensor
    features: Tensor
    by_encoder: tuple[Tensor, ...] = ()


@MODELS.register_module()
class WeCLIP(BaseModel, StoreWriter):
    """Frozen CLIP: A Strong Backbone for Weakly Supervised Semantic Segmentation.

    `B. Zhang et al., CVPR 2024 <https://arxiv.org/abs/2406.11189>`_. One training: GradCAM of the
    tags, spread along CLIP's attention and refined by PAR, labels each crop; a small decoder on the
    tokens of the same CLIP learns from that. In *phase 2* the affinity of the decoder's features
    corrects the attention. CLIP is frozen and no part of checkpoints.

    Images have ImageNet's normalisation, as published, although CLIP was trained with another.

    Args:
        clip: Config of a :class:`~mmwsss.models.clip.clip.CLIP`, or one.
        prompts: Arguments of a :class:`~mmwsss.models.clip.fixed_prompts.FixedPrompts`, or one.
        num_classes: Foreground classes C.
        caa: Fields of an :class:`~mmwsss.ops.attention_affinity.AttentionAffinity`.
        choose: Last blocks of which phase 2 chooses the attention (VOC 6, COCO 10).
        scale_divisor: Divides CLIP's factor of the cosines.
        phase2: Arguments of a :class:`~mmwsss.models.one_stage.weclip_test_cfg.PhaseTrigger`.
        channels: Of the decoder.
        layers: Its transformer blocks.
        heads: Its attention heads.
        dropout: Share of fused channels that are dropped in training.
        loss_seg: Config of the segmentation's loss, on logits and label.
        loss_affinity: Config of a
            :class:`~mmwsss.models.losses.token_affinity.TokenAffinityLoss`.
        affinity_weight: Weight of that.
        par_iterations: Averages of PAR.
        ignore_padding: Leave padding out of the losses, which published trainings label and learn.
            The pipeline then crops with ``RandomCropPad(fill=...)``, which says where it is.
        test_cfg: Fields of :class:`WeCLIPTestCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor')``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: ``test_cfg`` has an unknown key, the numbers of classes and prompts differ, or
            CLIP has fewer blocks than are looked at.
    """

    def __init__(
        self,
        *,
        clip: Mapping[str, Any] | CLIP,
        prompts: Mapping[str, Any] | FixedPrompts,
        num_classes: int,
        caa: Mapping[str, Any],
        choose: int = 6,
        scale_divisor: float = 1.0,
        phase2: Mapping[str, Any] = dict(after=15000),
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
        if isinstance(data_preprocessor, Mapping):
            data_preprocessor = MODELS.build(dict(data_preprocessor))
        super().__init__(data_preprocessor, init_cfg)
        known = [field.name for field in fields(WeCLIPTestCfg)]
        if unknown := sorted(set(test_cfg or {}) - set(known)):
            raise ValueError(f'test_cfg has unknown keys {unknown}, known are {known}')
        self.test_cfg = WeCLIPTestCfg(**(test_cfg or {}))
        self.num_classes = num_classes
        self.seeder = CLIPSeeder(
            clip, prompts, num_classes, caa, choose=choose, scale_divisor=scale_divisor
        )
        self.phase2 = PhaseTrigger(**phase2)
        sizes = self.seeder.clip.sizes
        self.fusion = TokenFusion(
            sizes.vision_width,
            self.fused_blocks(sizes.vision_layers),
            channels=channels,
            dropout=dropout,
        )
        self.decoder = TokenDecoder(num_classes + 1, channels=channels, layers=layers, heads=heads)
        self.loss_seg, self.loss_affinity = (
            MODELS.build(dict(loss)) for loss in (loss_seg, loss_affinity)
        )
        self.affinity_weight = affinity_weight
        self.par_iterations, self.ignore_padding = par_iterations, ignore_padding

    @staticmethod
    def fused_blocks(layers: int) -> int:
        """Blocks whose tokens are fused, of a CLIP with so many."""
        return layers - 1

    # The network ----------------------------------------------------------------------

    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Logits and features of images of any size; rows and columns beyond patches are dropped.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            attention: Last blocks of which the attention is wanted.
        """
        image = self.seeder.clip.encode(x, attention, keep_blocks=True, drop_rest=True)
        fused = self.fusion([block[:, 1:].float() for block in image.blocks], image.grid)
        return Segmented(image, self.decoder(fused), fused)

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[SegDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Tensor | dict[str, Tensor] | list[SegDataSample]:
        """Run the network.

        Args:
            inputs: Normalised images: (N, 3, H, W); in mode ``predict`` also N of (3, H, W).
            data_samples: N samples; see :meth:`loss` and :meth:`predict`.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'`` (logits of :meth:`segment`).
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.segment(inputs).logits
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', found {mode!r}")

    # Labels ---------------------------------------------------------------------------

    @torch.no_grad()
    def class_scores(self, seen: Segmented, tags: Tensor, phase2: bool) -> list[Tensor]:
        """Scores of each image's tags in [0, 1), at the resolution of patches.

        Args:
            seen: N images, with the attention of the blocks that are looked at.
            tags: Multi-hot. Shape: (N, C).
            phase2: Whether the affinity of the features takes part.

        Returns:
            N tensors. Shape: (P, h, w) each.
        """
        with torch.autocast(tags.device.type, enabled=False):
            image = self.cam_tokens(seen.image)
            _, attention = self.seeder.clip.describe(image)
            cams = self.seeder.grad_cam(image, tags).split((tags > 0).sum(1).tolist())
            affinity = token_affinity(seen.features) if phase2 else None
            weights = self.weights(seen, tags)
            return [
                self.seeder.scores(
                    cam,
                    attention[index],
                    None if affinity is None else affinity[index],
                    None if weights is None else weights[index][tags[index] > 0],
                )
                if len(cam)
                else cam
                for index, cam in enumerate(cams)
            ]

    def cam_tokens(self, image: CLIPTokens) -> CLIPTokens:
        """Tokens that go into the last block for GradCAM."""
        return image._replace(tokens=image.tokens.float(), hidden=image.hidden.float())

    def weights(self, seen: Segmented, tags: Tensor) -> Tensor | None:
        """Factors of what places give in the walk, (N, C, h, w); None for none."""
        return None

    @torch.no_grad()
    def labels(
        self, x: Tensor, seen: Segmented, tags: Tensor, phase2: bool, boxes: Sequence | None = None
    ) -> Tensor:
        """Pseudo labels of a batch.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            seen: What :meth:`segment` says about them.
            tags: Multi-hot. Shape: (N, C).
            phase2: See :meth:`class_scores`.
            boxes: Place (top, left, bottom, right) of each picture; what is outside is 255.

        Returns:
            0 background, 1..C, of every pixel. Shape: (N, H, W), int64.
        """
        labels = []
        for index, low in enumerate(self.class_scores(seen, tags, phase2)):
            refined = self._refine(x[index], low)
            label = refined_label(refined, tags[index].nonzero()[:, 0])
            if boxes is not None:
                top, left, bottom, right = boxes[index]
                inside = torch.zeros_like(label, dtype=torch.bool)
                inside[top:bottom, left:right] = True
                label = label.masked_fill(~inside, 255)
            labels.append(label)
        return torch.stack(labels)

    def _refine(self, x: Tensor, low: Tensor) -> Tensor:
        """Background and classes of one image after PAR. Shape: (1 + P, H, W)."""
        size = x.shape[-2:]
        full = low.new_zeros((0, *size))
        if len(low):
            full = F.interpolate(low[None].float(), size, mode='bilinear')[0]
        with torch.autocast(x.device.type, enabled=False):
            return refined_scores(x, full, self.par_iterations)

    # Training -------------------------------------------------------------------------

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """``loss_seg`` and ``loss_affinity``; the number of pixels that are labelled a class.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label``, the tags of the whole photo.

        Raises:
            ValueError: The crops are no whole number of patches.
        """
        patch = self.seeder.clip.sizes.vision_patch_size
        if any(side % patch for side in inputs.shape[-2:]):
            raise ValueError(
                f'crops of {tuple(inputs.shape[-2:])} are no whole number of patches of {patch} '
                'pixels, so that labels and predictions would not lie on each other: set size of '
                f'RandomCropPad to {-(-inputs.shape[-1] // patch) * patch}'
            )
        self.phase2.saw_forward()
        tags = self.tags(data_samples).to(inputs.device)
        phase2 = self.phase2()
        seen = self.segment(inputs, self._attention(phase2))
        label = self.labels(inputs, seen, tags, phase2, self._boxes(data_samples))
        with torch.autocast(inputs.device.type, enabled=False):
            return self.losses(seen, label, tags)

    def losses(self, seen: Segmented, label: Tensor, tags: Tensor) -> dict[str, Tensor]:
        """The losses, given the labels. Shape of these: (N, H, W)."""
        affinity = self.loss_affinity(token_affinity(seen.features), label, seen.image.grid)
        return dict(
            loss_seg=self.loss_seg(seen.logits.float(), label),
            loss_affinity=self.affinity_weight * affinity,
        )

    def _attention(self, phase2: bool) -> int:
        return self.seeder.choose if phase2 else self.seeder.layers

    def _boxes(self, samples: list[SegDataSample]) -> list | None:
        if not self.ignore_padding:
            return None
        missing = [sample for sample in samples if 'picture_box' not in sample.metainfo]
        if missing:
            raise ValueError(
                f'{missing[0].get("img_id", "an image")}: ignore_padding needs the place of the '
                'picture (picture_box), which RandomCropPad leaves'
            )
        return [sample.metainfo['picture_box'] for sample in samples]

    def tags(self, samples: list[SegDataSample]) -> Tensor:
        """Image-level labels of the samples. Shape: (N, C), multi-hot float32.

        Raises:
            ValueError: A sample has none, or they are for another number of classes.
        """
        for sample in samples:
            shape = tuple(sample.gt_label.shape) if 'gt_label' in sample else None
            if shape != (self.num_classes,):
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: image-level labels of shape '
                    f'({self.num_classes},) are expected (gt_label), found {shape or "none"}'
                )
        return torch.stack([sample.gt_label.float() for sample in samples])

    # Testing --------------------------------------------------------------------------

    def val_step(self, data: dict | tuple | list) -> list[SegDataSample]:
        """Both at one scale: the segmentation, and seeds where samples have tags."""
        data = self.data_preprocessor(data, False)
        with torch.no_grad():
            for x, sample in zip(data['inputs'], data['data_samples'], strict=True):
                self.phase2.saw_forward()
                seen = self.segment(x[None], self.seeder.choose)
                self._keep_segmentation(sample, x, seen.logits, crf=False)
                if 'gt_label' in sample:
                    self._keep_seeds(sample, x, seen)
        return data['data_samples']

    @torch.no_grad()
    def predict(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Fill ``pred_sem_seg`` (int64 (1, H, W)), or ``seeds``, see :class:`WeCLIPTestCfg`.

        Args:
            inputs: Normalised photos at their own sizes.
            data_samples: Samples with ``ori_shape``; for seeds with ``gt_label``.
        """
        for x, sample in zip(inputs, data_samples, strict=True):
            if self.test_cfg.output == 'seeds':
                resized = self.resized(x[None])
                self._keep_seeds(sample, resized[0], self.segment(resized, self.seeder.choose))
            else:
                self._keep_segmentation(sample, x, self.merged(self.resized(x[None])))
        return data_samples

    def resized(self, x: Tensor) -> Tensor:
        """A photo at the size of the test, not antialiased. Shape: (1, 3, H, W)."""
        if self.test_cfg.long_side is None:
            return x
        ratio = self.test_cfg.long_side / max(x.shape[-2:])
        size = tuple(int(side * ratio) for side in x.shape[-2:])
        return F.interpolate(x, size, mode='bilinear')

    def merged(self, x: Tensor) -> Tensor:
        """Mean logits of all scales and mirrorings, on the grid of the first scale.

        Args:
            x: A photo at the size of the test. Shape: (1, 3, H, W).

        Returns:
            Shape: (1, C + 1, h, w).
        """
        merged: list[Tensor] = []
        for scale in self.test_cfg.scales:
            view = x if scale == 1 else F.interpolate(x, scale_factor=scale, mode='bilinear')
            views = torch.cat([view, view.flip(-1)]) if self.test_cfg.flip else view
            logits = self.segment(views).logits.float()
            if self.test_cfg.flip:
                logits = (logits[:1] + logits[1:].flip(-1)) / 2
            if merged:
                logits = F.interpolate(logits, merged[0].shape[-2:], mode='bilinear')
            merged.append(logits)
        return torch.stack(merged).mean(0)

    def _keep_segmentation(
        self, sample: SegDataSample, x: Tensor, logits: Tensor, crf: bool = True
    ) -> None:
        size = tuple(sample.ori_shape[:2])
        full = F.interpolate(logits.float(), size, mode='bilinear')[0]
        if crf and self.test_cfg.crf is not None:
            mean, std = self.data_preprocessor.mean, self.data_preprocessor.std
            photo = (x * std + mean).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
            scores = full.softmax(0).cpu().numpy()
            kernels = DenseCRF(np.ascontiguousarray(photo), len(scores), self.test_cfg.crf)
            full = torch.from_numpy(kernels(softmax_unary(scores)))
        sample.pred_sem_seg = PixelData(data=full.argmax(0, keepdim=True))

    def _keep_seeds(self, sample: SegDataSample, x: Tensor, seen: Segmented) -> None:
        """Seeds of the tags with a background map, as the labels are made in phase 2."""
        tags = self.tags([sample]).to(x.device)
        (low,) = self.class_scores(seen, tags, phase2=True)
        refined = self._refine(x, low) / 1.01**self.par_iterations
        size = tuple(sample.ori_shape[:2])
        scores = F.interpolate(refined[None], size, mode='bilinear')[0].clamp(0, 1).cpu().numpy()
        classes = tags[0].nonzero()[:, 0].cpu().numpy()
        sample.seeds = Seeds(classes, scores[1:], scores[0], size)

    def store_output(self) -> StoreOutput:
        """Scores or masks, as ``test_cfg.output`` says."""
        kind = 'scores' if self.test_cfg.output == 'seeds' else 'masks'
        return StoreOutput((kind,), self.protocol())

    def protocol(self) -> dict[str, Any]:
        """How the maps were made, for the record of a store."""
        protocol = asdict(self.test_cfg)
        seeds = protocol.pop('output') == 'seeds'
        made = dict(protocol, **self.seeder.protocol())
        if not seeds:
            return dict(made, image_labels_at_test_time='not used')
        for key in ('scales', 'flip', 'crf'):
            made.pop(key)
        return dict(
            made,
            seeds_of='image-level labels',
            caa=asdict(self.seeder.caa),
            choose=self.seeder.choose,
        )
