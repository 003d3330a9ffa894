"""Train a small CLIP where no published weights are available."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.sizes import CLIPSizes
from mmwsss.models.losses.multilabel_contrastive import MultiLabelContrastiveLoss
from mmwsss.registry import MODELS, build

if TYPE_CHECKING:
    from open_clip.model import CLIP as OpenCLIP


@MODELS.register_module()
class CLIPPretrainer(BaseModel):
    """Train a CLIP contrastively on photos and their tags.

    For demos and tests: its checkpoint is what ``CLIP(checkpoint=...)`` reads. The image feature is
    the mean of the patch tokens, the texts are ``template`` with each class's name; both directions
    of the batch, tags of an image and images of a tag, are contrasted by
    :class:`~mmwsss.models.losses.multilabel_contrastive.MultiLabelContrastiveLoss`. Not part of any
    publication.

    Args:
        arch: Sizes, see :class:`~mmwsss.models.clip.sizes.CLIPSizes`.
        names: Names of the C classes, in the order of the tags.
        template: Text of a class; ``{}`` stands for its name.
        stem_init: Where a stem of timm starts: its ``init_cfg``.
        data_preprocessor: The one that the CLIP is to be used with.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: There is no stem for ``stem_init``.
    """

    MAX_SCALE = math.log(100)

    def __init__(
        self,
        arch: Mapping[str, Any] | CLIPSizes,
        names: Sequence[str],
        *,
        template: str = 'a photo of a {}.',
        stem_init: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(build(MODELS, data_preprocessor), init_cfg)
        helper = CLIP(arch=arch)
        self.clip: OpenCLIP = helper.module.requires_grad_(True)
        self.num_classes = len(names)
        self.stem_init = stem_init
        if stem_init is not None and not isinstance(helper.sizes.vision_stem, str):
            raise ValueError(
                'stem_init is for a stem of timm: set vision_stem of arch to its name, found '
                f'{helper.sizes.vision_stem}'
            )
        self.contrast = MultiLabelContrastiveLoss()
        texts = helper.tokenize([template.format(name) for name in names])
        self.register_buffer('texts', texts, persistent=False)

    def init_weights(self) -> None:
        """Also start the stem, which the package's CLIP would not hand on to."""
        super().init_weights()
        if self.stem_init is not None:
            stem = self.clip.visual.conv1.stem
            stem.init_cfg = self.stem_init
            stem.init_weights()

    def logits(self, inputs: Tensor) -> Tensor:
        """Scaled cosines of images (N, 3, H, W) and texts. Shape: (N, C)."""
        visual = self.clip.visual
        x = visual.conv1(inputs).flatten(2).transpose(1, 2)
        x = torch.cat([visual.class_embedding.expand(len(x), 1, -1), x], 1)
        x = visual.ln_post(visual.transformer(visual.ln_pre(x + visual.positional_embedding)))
        image = F.normalize(x[:, 1:].mean(1) @ visual.proj, dim=-1)
        text = self.clip.encode_text(self.texts, normalize=True)
        return self.clip.logit_scale.clamp(max=self.MAX_SCALE).exp() * image @ text.T

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[SegDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Tensor | dict[str, Tensor] | list[SegDataSample]:
        """Run the network on images of the size that its position table is for.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples; with ``gt_label`` in mode ``loss``.
            mode: ``'loss'`` (``loss_contrastive``), ``'predict'`` (fills ``tag_scores``, softmax
                over the classes) or ``'tensor'`` (the result of :meth:`logits`).
        """
        logits = self.logits(inputs)
        if mode == 'tensor':
            return logits
        if mode not in ('loss', 'predict'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', found {mode!r}")
        assert data_samples is not None, f'mode {mode!r} needs samples'
        if mode == 'predict':
            for sample, scores in zip(data_samples, logits.float().softmax(-1), strict=True):
                sample.tag_scores = scores
            return data_samples
        tags = torch.stack([sample.gt_label for sample in data_samples]).to(inputs)
        both = self.contrast(logits, tags) + self.contrast(logits.T, tags.T)
        return dict(loss_contrastive=both / 2)
