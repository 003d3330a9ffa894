"""FMA-WSSS: learn text prompts of a frozen CLIP for localisation; SAM adds the borders."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput
from mmwsss.models.cam_generators.clip_test_cfg import CLIPTestCfg
from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.grad_cam import clip_grad_cam, competing
from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.models.clip.prompt_learner import PromptLearner
from mmwsss.ops.attention_affinity import AttentionAffinity, merge_attention, minmax_score
from mmwsss.ops.grad_cam import cosine_logits, masked_softmax
from mmwsss.registry import MODELS, REFINERS, build
from mmwsss.stores import StoreOutput
from mmwsss.structures import Seeds


@dataclass(frozen=True)
class FMATestCfg(CLIPTestCfg):
    """Options of making seeds (``test_cfg``): those of :class:`CLIPTestCfg` and one more.

    Args:
        keep_raw: Also store the signed maps, at the resolution of patches
            (:attr:`Seeds.raw <mmwsss.structures.Seeds.raw>`). SAM-based seeding starts from them,
            and the release writes them into its files.
    """

    keep_raw: bool = False


@MODELS.register_module()
class FMA(BaseCAMGenerator):
    """Foundation Model Assisted Weakly Supervised Semantic Segmentation.

    `X. Yang and X. Gong, WACV 2024 <https://arxiv.org/abs/2312.03585>`_, as released. Only the
    context of text prompts (the learnt tokens in front of a name) is trained; CLIP is frozen and
    not saved in checkpoints. This class is used for two trainings: *classification* prompts learn
    with ``loss_contrastive``, *segmentation* prompts with ``loss_cam`` on masks made with the
    former.

    A map is the GradCAM of a class's probability at the last block of the image encoder; the
    probability is a softmax over the classes of the image and the background prompts. The gradient
    is linear in what the prompts contribute, so that all pairs of image and class share one
    backward pass (:mod:`mmwsss.ops.grad_cam`).

    Args:
        clip: Config of a :class:`~mmwsss.models.clip.clip.CLIP`, or one.
        prompts: Arguments of a :class:`~mmwsss.models.clip.prompt_learner.PromptLearner`
            (``width`` is CLIP's), or one.
        num_classes: Number of foreground classes.
        loss_contrastive: Config of a
            :class:`~mmwsss.models.losses.multilabel_contrastive.MultiLabelContrastiveLoss`, or
            None.
        loss_cam: Config of a :class:`~mmwsss.models.losses.cam_activation.CAMActivationLoss`, or
            None. The samples then have ``pseudo_mask`` (transform ``LoadPseudoMask``).
        tags_of_crop: Take the classes in a crop's pseudo mask as its tags (VOC's segmentation
            prompts) instead of the tags of the whole photo.
        sub_batches: Split the batch into this many equal parts and average their losses, as if
            gradients were accumulated over small batches (COCO); prompts are encoded once.
        seeding: Config of a :class:`~mmwsss.refiners.sam_seeding.SAMSeeding`. Test samples then
            need ``proposals``, and also get ``pred_sem_seg``, made from the raw maps.
        test_cfg: Fields of :class:`FMATestCfg`.
        data_preprocessor: With CLIP's mean and deviation.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: The numbers of classes and of prompts differ, or an argument is unknown.
    """

    test_cfg_class: ClassVar[type[FMATestCfg]] = FMATestCfg
    test_cfg: FMATestCfg

    def __init__(
        self,
        clip: dict | CLIP,
        prompts: dict | PromptLearner,
        *,
        num_classes: int,
        loss_contrastive: dict | nn.Module | None = None,
        loss_cam: dict | nn.Module | None = None,
        tags_of_crop: bool = False,
        sub_batches: int = 1,
        seeding: dict | Any | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            num_classes=num_classes,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if tags_of_crop and loss_cam is None:
            raise ValueError('tags_of_crop reads the pseudo mask, which only loss_cam needs')
        if sub_batches < 1:
            raise ValueError(f'sub_batches is at least 1, found {sub_batches}')
        self.clip = build(MODELS, clip)
        if not isinstance(prompts, PromptLearner):
            prompts = PromptLearner(**prompts, width=self.clip.sizes.transformer_width)
        if len(prompts.names) != num_classes:
            raise ValueError(
                f'{len(prompts.names)} names of prompts for {num_classes} classes '
                f'({", ".join(prompts.names)}): give one name for each class, in the order of the '
                'data set; the others belong into background'
            )
        self.prompt = prompts
        self.loss_contrastive, self.loss_cam = (
            build(MODELS, loss) for loss in (loss_contrastive, loss_cam)
        )
        self.tags_of_crop, self.sub_batches = tags_of_crop, sub_batches
        self.seeding = build(REFINERS, seeding)
        self.caa = AttentionAffinity(**self.test_cfg.caa) if self.test_cfg.caa else None
        self._text: tuple[Any, Tensor] | None = None

    # Text -----------------------------------------------------------------------------

    def text_features(self) -> Tensor:
        """Encode all prompts, the classes first; the result is kept while nothing is trained.

        Returns:
            Normalised. Shape: (G, E).
        """
        self.clip.to(self.prompt.ctx.device)
        if torch.is_grad_enabled() and self.training:
            return self._encode_prompts()
        ctx = self.prompt.ctx
        key = (id(ctx), ctx._version, ctx.device)
        if self._text is None or self._text[0] != key:
            with torch.no_grad():
                self._text = (key, self._encode_prompts())
        return self._text[1]

    def _encode_prompts(self) -> Tensor:
        return F.normalize(self.clip.encode_text(*self.prompt.prompts(self.clip)).float(), dim=-1)

    # Maps -----------------------------------------------------------------------------

    def grad_cam(self, image: CLIPTokens, tags: Tensor, text: Tensor) -> Tensor:
        """Compute raw maps of all pairs of image and tag, differentiable in the text features.

        Args:
            image: N images from :meth:`CLIP.encode`.
            tags: Multi-hot. Shape: (N, C).
            text: From :meth:`text_features`. Shape: (G, E).

        Returns:
            In the order of ``tags.nonzero()``. Shape: (P, h, w).
        """
        return clip_grad_cam(self.clip, image, tags, text)

    def softmax_mask(self, tags: Tensor) -> Tensor:
        """Mark the prompts in each image's softmax: its classes, all background. Shape: (N, G)."""
        return competing(tags, len(self.prompt))

    def logits(self, image: CLIPTokens, text: Tensor) -> Tensor:
        """Compute scaled cosines of images and all prompts. Shape: (N, G)."""
        with torch.no_grad():
            features = self.clip.features(image.tokens, image.hidden)
        return cosine_logits(features, text, self.clip.scale)

    def cams(self, x: Tensor) -> CAMOutput:
        """Compute scaled cosines, (N, C), and maps of all classes, as if all were in each image.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
        """
        image, text = self.clip.encode(x), self.text_features()
        tags = x.new_ones((len(x), self.num_classes))
        cam = self.grad_cam(image, tags, text).unflatten(0, (len(x), -1))
        return CAMOutput(self.logits(image, text)[:, : self.num_classes], cam)

    # Training -------------------------------------------------------------------------

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute ``loss_contrastive`` and/or ``loss_cam_fg`` and ``loss_cam_bg``.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label`` and, for the maps, ``pseudo_mask``.

        Raises:
            ValueError: N is no multiple of ``sub_batches``.
        """
        if len(inputs) % self.sub_batches:
            raise ValueError(
                f'a batch of {len(inputs)} images is not {self.sub_batches} equal parts '
                '(sub_batches of the model)'
            )
        tags = self.tags(data_samples).to(inputs.device)
        text, image = self.text_features(), self.clip.encode(inputs)
        parts: dict[str, list[Tensor]] = {}
        if self.loss_contrastive is not None:
            logits = self.logits(image, text)[:, : self.num_classes]
            both = (x.chunk(self.sub_batches) for x in (logits, tags))
            parts['loss_contrastive'] = [self.loss_contrastive(*x) for x in zip(*both, strict=True)]
        if self.loss_cam is not None:
            label = self._pseudo_masks(data_samples, inputs)
            if self.tags_of_crop:
                tags = self._present(label)
            own, labels = (x.chunk(self.sub_batches) for x in (tags, label))
            cams = self.grad_cam(image, tags, text).split([int((x > 0).sum()) for x in own])
            terms = [self.loss_cam(*x) for x in zip(cams, own, labels, strict=True)]
            parts['loss_cam_fg'], parts['loss_cam_bg'] = map(list, zip(*terms, strict=True))
        return {name: torch.stack(losses).mean() for name, losses in parts.items()}

    def _present(self, label: Tensor) -> Tensor:
        """Classes in label maps. Shape: (N, H, W) to (N, C), multi-hot float32."""
        ids = torch.arange(1, self.num_classes + 1, device=label.device)
        return (label.flatten(1)[:, None] == ids[:, None]).any(-1).float()

    @staticmethod
    def _pseudo_masks(samples: list[SegDataSample], inputs: Tensor) -> Tensor:
        for sample in samples:
            if 'pseudo_mask' not in sample:
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: no pseudo mask; the training pipeline '
                    "needs dict(type='LoadPseudoMask', store=...) of masks that were made before"
                )
        return torch.stack([s.pseudo_mask.data[0] for s in samples]).to(inputs.device)

    # Inference ------------------------------------------------------------------------

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Fill the samples of images that have the same size, see the base class.

        Args:
            batches: One scale. Shape: (n, 3, h, w).
            samples: The n samples.
        """
        if len(batches) != 1:
            raise ValueError(
                f'FMA looks at one scale, the pipeline gives {len(batches)}: take out MultiScale'
            )
        layers = self.caa.layers if self.caa else 0
        image, text = self.clip.encode(batches[0], layers), self.text_features()
        features, attention = self.clip.describe(image)
        logits = cosine_logits(features, text, self.clip.scale)
        everything = logits.new_ones((1, logits.shape[1]))
        probability = masked_softmax(logits, everything)[:, : self.num_classes]
        if self.test_cfg.use_tags:
            tags = self.tags(samples).to(logits)
        else:
            tags = (probability > self.test_cfg.tag_threshold).to(logits)
        cams = self.grad_cam(image, tags, text).split((tags > 0).sum(1).tolist())
        for index, (sample, cam) in enumerate(zip(samples, cams, strict=True)):
            sample.tag_scores = probability[index]
            if self.caa is not None and len(cam):
                cam = self.caa(cam, merge_attention(attention[index]))
            self._make_seeds(sample, tags[index].nonzero()[:, 0].cpu().numpy(), cam)
            if self.test_cfg.keep_raw and len(cam):
                sample.seeds = replace(sample.seeds, raw=cam.float().cpu().numpy())

    def _make_seeds(self, sample: SegDataSample, classes: np.ndarray, cam: Tensor) -> None:
        size = tuple(sample.ori_shape[:2])
        full = cam.new_zeros((0, *size))
        if len(classes):
            full = F.interpolate(cam[None], size, mode='bilinear', align_corners=False)[0]
        scores = minmax_score(full) if len(classes) else full
        sample.seeds = Seeds(classes, scores.cpu().numpy(), size=size)
        if self.seeding is not None:
            if 'proposals' not in sample:
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: seeding needs proposals: add '
                    "dict(type='LoadProposals', store=...) to the pipeline, before PackTagged"
                )
            mask = self.seeding.seed(full.cpu().numpy(), classes, sample.proposals)
            sample.pred_sem_seg = PixelData(data=torch.from_numpy(mask).long()[None])

    def store_output(self) -> StoreOutput:
        """Say that a test writes scores, and masks too where there is SAM-based seeding."""
        if self.seeding is None:
            return super().store_output()
        return StoreOutput(('scores', 'masks'), self.protocol(), self.seeding.protocol())

    def protocol(self) -> dict[str, Any]:
        """Describe how the seeds are made, for the record of a store."""
        protocol = dict(super().protocol(), clip=self.clip.protocol())
        protocol.pop('keep_raw')  # the scores do not depend on it
        return protocol
