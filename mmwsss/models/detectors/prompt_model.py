"""A model around a detector, so that making box prompts is an ordinary test run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.models.detectors.grounding import BoxDetector, Found
from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import BoxPrompts
from mmwsss.structures.box_prompts import NO_CLASS

#: What a caption holds.
CAPTIONS = ('tag', 'tags', 'all')


@MODELS.register_module()
class PromptModel(BaseModel, StoreWriter):
    """A model without parameters that runs a detector.

    Fills ``prompts`` of the samples, which ``StoreTestLoop(kind='prompts')`` keeps: everything
    after reads the store, and needs no detector.

    Args:
        detector: Config of a :class:`~mmwsss.models.detectors.grounding.BoxDetector`, or one.
        names: What each of the C foreground classes is called in captions, in order.
        captions: ``'tag'``: one caption for each image-level label, as Co2SAM trains; boxes have
            the class that was asked for. ``'tags'``: one with all labels of the image, as its
            figure has it. ``'all'``: one with all classes, as it is tested; image-level labels
            are not used.
        background: Name that joins the captions of ``'all'``; what is found for it has no class.
            None for none.

    Raises:
        ValueError: An argument is unknown or empty.
    """

    def __init__(
        self,
        detector: Mapping[str, Any] | BoxDetector,
        *,
        names: Sequence[str],
        captions: str = 'tag',
        background: str | None = None,
    ):
        super().__init__()
        if captions not in CAPTIONS:
            raise ValueError(f'captions must be one of {", ".join(CAPTIONS)}, found {captions!r}')
        if not names or len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise ValueError(f'names are different words for the classes, found {list(names)}')
        if background is not None and captions != 'all':
            raise ValueError(f"a background name joins captions='all' alone, found {captions!r}")
        self.detector = build(MODELS, detector)
        self.names = tuple(names)
        self.captions, self.background = captions, background

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Detect in a batch. Images stay on the CPU: a detector moves what it needs itself."""
        return self(**data, mode='predict')

    def forward(
        self, inputs: Sequence[Tensor], data_samples: list[SegDataSample], mode: str = 'predict'
    ) -> list[SegDataSample]:
        """Fill ``prompts``.

        Args:
            inputs: RGB images of any size, uint8. Shape: (3, h, w) each.
            data_samples: Their samples with ``ori_shape`` and, where labels are used,
                ``gt_label``.
            mode: 'predict'; nothing can be trained.

        Returns:
            The same samples.
        """
        if mode != 'predict':
            raise ValueError(
                f"PromptModel has nothing to train: mode 'predict' only, found {mode!r}"
            )
        images = [np.ascontiguousarray(x.permute(1, 2, 0).cpu().numpy()) for x in inputs]
        asked = [self._captions(sample) for sample in data_samples]
        texts = [[[self._name(k) for k in caption] for caption in own] for own in asked]
        detector = self.detector.to(self.data_preprocessor.device)
        answers = detector(images, texts, data_samples)
        for sample, captions, found in zip(data_samples, asked, answers, strict=True):
            sample.set_field(self._prompts(sample, captions, found), 'prompts')
        return data_samples

    def _name(self, index: int) -> str:
        if index < len(self.names):
            return self.names[index]
        assert self.background is not None
        return self.background

    def _captions(self, sample: SegDataSample) -> list[list[int]]:
        """Classes that each caption of an image asks for; C stands for the background."""
        if self.captions == 'all':
            return [[*range(len(self.names) + (self.background is not None))]]
        if 'gt_label' not in sample or sample.gt_label.shape != (len(self.names),):
            shape = tuple(sample.gt_label.shape) if 'gt_label' in sample else None
            raise ValueError(
                f'{sample.get("img_id", "an image")}: image-level labels (gt_label) of '
                f'{len(self.names)} classes are needed, found {shape}. Without labels use '
                "captions='all'"
            )
        tags = sample.gt_label.nonzero().flatten().tolist()
        if self.captions == 'tag':
            return [[tag] for tag in tags]
        return [tags] if tags else []

    def _prompts(
        self, sample: SegDataSample, captions: list[list[int]], found: list[Found]
    ) -> BoxPrompts:
        size = tuple(sample.ori_shape[:2])
        if not captions:
            return BoxPrompts.empty(size)
        classes = []
        for caption, part in zip(captions, found, strict=True):
            table = np.array([k if k < len(self.names) else NO_CLASS for k in caption])
            if self.captions == 'tag':  # what the phrase says is not looked at
                classes.append(np.full(len(part.boxes), table[0]))
            else:
                classes.append(np.where(part.names < 0, NO_CLASS, table[part.names]))
        boxes, scores = (
            np.concatenate([getattr(p, n) for p in found]) for n in ('boxes', 'scores')
        )
        return BoxPrompts(boxes, np.clip(scores, 0, 1), np.concatenate(classes), size)

    def store_output(self) -> StoreOutput:
        """Say that it writes prompts; the record holds the detector's settings and the captions."""
        protocol = {
            'detector': self.detector.protocol(),
            'prompts_of': {
                'tag': 'image-level labels, one by one',
                'tags': 'image-level labels, together',
                'all': 'all class names',
            }[self.captions],
        }
        return StoreOutput(('prompts',), protocol)
