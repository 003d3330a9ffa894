"""Base class of segmentors on the tokens of a frozen CLIP: WeCLIP, WeCLIP+ and ExCEL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.seeder import CLIPSeeder
from mmwsss.models.clip.text_bank import TextBank
from mmwsss.models.heads.token_decoder import TokenDecoder
from mmwsss.models.heads.token_fusion import TokenFusion
from mmwsss.models.image_labels import image_labels
from mmwsss.models.one_stage.phase_trigger import PhaseTrigger
from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.models.one_stage.token_labels import TokenLabels
from mmwsss.models.one_stage.token_test_cfg import TokenTestCfg
from mmwsss.models.test_cfg import read_test_cfg
from mmwsss.ops.dense_crf import crf_protocol
from mmwsss.ops.lattice_crf import LatticeCRF
from mmwsss.ops.refined_label import refined_scores
from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


class TokenSegmentor(TokenLabels, StoreWriter):
    """A small decoder on a frozen CLIP's tokens; the same CLIP labels what the decoder learns.

    Maps of the tags, spread along CLIP's attention and refined by PAR, label each crop. In *phase
    2* the affinity of the decoder's features corrects the attention. CLIP is not saved in
    checkpoints. A method implements ``segment``, may replace steps of
    :class:`~mmwsss.models.one_stage.token_labels.TokenLabels`, and may have other :meth:`losses`.

    Args:
        clip: Config of a :class:`~mmwsss.models.clip.clip.CLIP`, or one.
        prompts: Arguments of a :class:`~mmwsss.models.clip.fixed_prompts.FixedPrompts`, or one.
        num_classes: Foreground classes C.
        caa: Fields of an :class:`~mmwsss.ops.attention_affinity.AttentionAffinity`.
        bank: Enriches the texts of the classes: arguments of a
            :class:`~mmwsss.models.clip.text_bank.TextBank`, or one; None leaves them as they are.
        choose: Number of last blocks from which phase 2 chooses attention.
        scale_divisor: Divides CLIP's factor of the cosines.
        phase2: Arguments of a :class:`~mmwsss.models.one_stage.phase_trigger.PhaseTrigger`.
        channels: Channels of the decoder.
        layers: Its transformer blocks.
        heads: Its attention heads.
        dropout: Share of fused channels that are dropped in training.
        loss_seg: Config of the segmentation's loss, on logits and label.
        loss_affinity: Config of a
            :class:`~mmwsss.models.losses.token_affinity.TokenAffinityLoss`.
        affinity_weight: Weight of that loss.
        par_iterations: Iterations of PAR.
        ignore_padding: Leave padding out of the losses; published trainings label it and learn it.
            The pipeline then crops with ``RandomCropPad(fill=...)``, which says where padding is.
        test_cfg: Fields of ``test_cfg_class``.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor')``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: ``test_cfg`` has an unknown key, the numbers of classes and prompts differ, or
            CLIP has fewer blocks than are looked at.
    """

    #: Number of blocks whose tokens the decoder gets; 0 for all, -1 for all but the last.
    FUSED: ClassVar[int] = -1
    test_cfg_class: ClassVar[type[TokenTestCfg]] = TokenTestCfg
    test_cfg: TokenTestCfg

    def __init__(
        self,
        *,
        clip: Mapping[str, Any] | CLIP,
        prompts: Mapping[str, Any] | FixedPrompts,
        num_classes: int,
        caa: Mapping[str, Any],
        bank: Mapping[str, Any] | TextBank | None = None,
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
        super().__init__(build(MODELS, data_preprocessor), init_cfg)
        self.test_cfg = read_test_cfg(self.test_cfg_class, test_cfg)
        self.num_classes = num_classes
        self.seeder = CLIPSeeder(
            clip, prompts, num_classes, caa, choose=choose, scale_divisor=scale_divisor, bank=bank
        )
        self.phase2 = PhaseTrigger(**phase2)
        sizes = self.seeder.clip.sizes
        self.fusion = TokenFusion(
            sizes.vision_width,
            self.FUSED if self.FUSED > 0 else sizes.vision_layers + self.FUSED,
            channels=channels,
            dropout=dropout,
        )
        self.decoder = TokenDecoder(num_classes + 1, channels=channels, layers=layers, heads=heads)
        self.loss_seg, self.loss_affinity = build(MODELS, loss_seg), build(MODELS, loss_affinity)
        self.affinity_weight = affinity_weight
        self.par_iterations, self.ignore_padding = par_iterations, ignore_padding

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
        if mode == 'predict':
            assert data_samples is not None, 'mode predict needs samples'
            return self.predict(inputs, data_samples)
        if mode not in ('loss', 'tensor'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', found {mode!r}")
        assert isinstance(inputs, Tensor), f'mode {mode!r} takes one batch'
        if mode == 'tensor':
            return self.segment(inputs).logits
        assert data_samples is not None, 'mode loss needs samples'
        return self.loss(inputs, data_samples)

    # Training -------------------------------------------------------------------------

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the named losses of a training batch.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label``, the tags of the whole photo.

        Raises:
            ValueError: The crops are no whole number of patches.
        """
        patch = self.seeder.clip.sizes.vision_patch_size
        size = tuple(inputs.shape[-2:])
        if size != (whole := tuple(-(-side // patch) * patch for side in size)):
            raise ValueError(
                f'crops of {size} are no whole number of patches of {patch} pixels, so that labels '
                f'and predictions would not lie on each other: set size={whole} of RandomCropPad'
            )
        self.phase2.saw_forward()
        tags = image_labels(data_samples, self.num_classes).to(inputs.device)
        phase2 = self.phase2()
        seen = self.segment(inputs, self._attention(phase2))
        label = self.labels(inputs, seen, tags, phase2, self._boxes(data_samples))
        with torch.autocast(inputs.device.type, enabled=False):
            return self.losses(seen, label, tags)

    def losses(self, seen: Segmented, label: Tensor, tags: Tensor) -> dict[str, Tensor]:
        """Compute the losses from pseudo labels (N, H, W)."""
        affinity = self.loss_affinity(
            self.affinity(seen.features), self.affinity_label(seen, label), seen.image.grid
        )
        return dict(
            loss_seg=self.loss_seg(seen.logits.float(), label),
            loss_affinity=self.affinity_weight * affinity,
        )

    def affinity_label(self, seen: Segmented, label: Tensor) -> Tensor:
        """Return the label that the affinity learns: the pseudo label itself."""
        return label

    def _attention(self, learnt: bool) -> int:
        """Return the number of CLIP's last blocks whose attention labels need."""
        return self.seeder.choose if learnt else self.seeder.layers

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

    # Testing --------------------------------------------------------------------------

    def val_step(self, data: dict | tuple | list) -> list[SegDataSample]:
        """Segment at one scale, and make seeds where samples have tags."""
        batch: dict = self.data_preprocessor(data, False)
        with torch.no_grad():
            for photo, sample in zip(batch['inputs'], batch['data_samples'], strict=True):
                self.phase2.saw_forward()
                view = self.test_cfg.view(photo[None]) if self.test_cfg.square else photo[None]
                seen = self.segment(view, self._attention(self.test_cfg.learnt))
                self.keep_segmentation(sample, photo, seen.logits, crf=False)
                if 'gt_label' in sample:
                    self.keep_seeds(sample, photo, view[0], seen)
        return batch['data_samples']

    @torch.no_grad()
    def predict(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Fill ``pred_sem_seg`` (int64 (1, H, W)), or ``seeds``, as ``test_cfg`` says.

        Args:
            inputs: Normalised photos at their own sizes.
            data_samples: Samples with ``ori_shape``; for seeds with ``gt_label``.
        """
        for photo, sample in zip(inputs, data_samples, strict=True):
            if self.test_cfg.output == 'seeds':
                view = self.test_cfg.view(photo[None])
                seen = self.segment(view, self._attention(self.test_cfg.learnt))
                self.keep_seeds(sample, photo, view[0], seen)
            else:
                logits = self.merged(photo[None], tuple(sample.ori_shape[:2]))
                self.keep_segmentation(sample, photo, logits)
        return data_samples

    def merged(self, photo: Tensor, size: tuple[int, int]) -> Tensor:
        """Average logits of a photo (1, 3, H, W) over ``test_cfg``'s views: (1, C + 1, h, w)."""
        return self.test_cfg.merge(lambda views: self.segment(views).logits, photo, size)

    def keep_segmentation(
        self, sample: SegDataSample, photo: Tensor, logits: Tensor, crf: bool = True
    ) -> None:
        """Store the segmentation of a photo (3, H, W), from its logits (1, C + 1, h, w)."""
        size = tuple(sample.ori_shape[:2])
        full = F.interpolate(logits.float(), size, mode='bilinear')[0]
        if crf and self.test_cfg.crf is not None:
            mean, std = self.data_preprocessor.mean, self.data_preprocessor.std
            # The pipeline may have resized the photo.
            colours = F.interpolate((photo * std + mean)[None], size, mode='bilinear')
            kernels = LatticeCRF(colours.round().clamp(0, 255), crf_protocol(self.test_cfg.crf))
            full = kernels(-full.softmax(0).clamp(min=1e-5).log()[None])[0]
        sample.pred_sem_seg = PixelData(data=full.argmax(0, keepdim=True))

    def keep_seeds(
        self, sample: SegDataSample, photo: Tensor, view: Tensor, seen: Segmented
    ) -> None:
        """Make seeds of the tags with a background map, as training labels are made.

        Args:
            sample: Sample that gets them.
            photo: Normalised photo. Shape: (3, H, W).
            view: The photo as the network has seen it. Shape: (3, h, w).
            seen: The network's output.
        """
        cfg, size = self.test_cfg, tuple(sample.ori_shape[:2])
        tags = image_labels([sample], self.num_classes).to(photo.device)
        caa = self.seeder.caa
        assert caa is not None, 'segmentors are made with caa'
        if cfg.threshold is not None:
            caa = replace(caa, threshold=cfg.threshold)
        (low,) = self.class_scores(seen, tags, cfg.learnt, caa)
        colours = self.seed_colours(photo, view, size)
        refined = refined_scores(colours, low, self.par_iterations) / 1.01**self.par_iterations
        refined = F.interpolate(refined[None], size, mode='bilinear')
        scores = refined[0].clamp(0, 1).cpu().numpy()
        classes = tags[0].nonzero()[:, 0].cpu().numpy()
        sample.seeds = Seeds(classes, scores[1:], scores[0], size)

    def seed_colours(self, photo: Tensor, view: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the image whose colours PAR follows for seeds: the network's view."""
        return self.colours(view)

    def store_output(self) -> StoreOutput:
        """Say that a test writes scores or masks, as ``test_cfg.output`` says."""
        seeds = self.test_cfg.output == 'seeds'
        untrained = seeds and not self.test_cfg.learnt
        return StoreOutput(('scores' if seeds else 'masks',), self.protocol(), untrained=untrained)

    def protocol(self) -> dict[str, Any]:
        """Describe how maps are made, for the record of a store."""
        made = {**asdict(self.test_cfg), **self.seeder.protocol()}
        seeds = made.pop('output') == 'seeds'
        unread = ('scales', 'flip', 'flip_first', 'average_at', 'crf')
        for key in unread if seeds else ('threshold', 'learnt'):
            made.pop(key)
        if not seeds:
            return dict(made, image_labels_at_test_time='not used')
        assert self.seeder.caa is not None, 'segmentors are made with caa'
        caa, choose = asdict(self.seeder.caa), self.seeder.choose
        return dict(made, seeds_of='image-level labels', caa=caa, choose=choose)
