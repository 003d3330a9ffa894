"""Co2SAM: train LoRA on SAM with two teachers and a student, prompted with boxes."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.losses.co2sam_loss import TeacherView, prototypes
from mmwsss.models.one_stage.adapted_sam import AdaptedSAM
from mmwsss.models.one_stage.co2sam_test_cfg import Co2SAMTestCfg
from mmwsss.models.one_stage.teacher_cache import TeacherCache
from mmwsss.models.sam.lora import lora_parameters
from mmwsss.models.test_cfg import read_test_cfg
from mmwsss.ops.box_maps import ClassMaps, assemble, class_maps
from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.stores.hashing import hash_text
from mmwsss.structures import BoxPrompts


@MODELS.register_module()
class Co2SAM(BaseModel, StoreWriter):
    """One-stage segmentation with SAM, prompted with boxes that a detector found for class names.

    Liu et al., "Co2SAM: Exploring Co-occurrence Challenges with SAM in Weakly Supervised Semantic
    Segmentation", after the released code. Only LoRA on SAM's image encoder is trained. Every
    image is given in a weakly and a strongly augmented view, with the same boxes:

    - the *T-teacher*, the SAM that training started from (here the same network with LoRA switched
      off), predicts masks on the weak view;
    - the *U-teacher*, the trained network itself, predicts on the weak view, with gradient;
    - the *student*, the same trained network, predicts on the strong view.

    An image without boxes is ignored. If no image of a step (on any process) has a box, the step is
    skipped: neither the optimiser nor the schedule advances (see
    :class:`~mmwsss.engine.skipping.SkippingOptimWrapper`).

    Checkpoints hold only LoRA and a checksum of the SAM that it belongs to; checkpoints with a
    whole SAM can be loaded too.

    Args:
        num_classes: Foreground classes C.
        sam: Arguments of :class:`~mmwsss.models.one_stage.adapted_sam.AdaptedSAM`:
            ``arch``, ``checkpoint``, ``rank``, ``targets``, ``with_cp``, ``save_all``.
        loss: Config of a :class:`~mmwsss.models.losses.co2sam_loss.Co2SAMLoss`, or the module.
        teacher_cache: Arguments of a :class:`TeacherCache`, which stores the T-teacher's
            predictions on disk; None computes them every time.
        test_cfg: Fields of :class:`Co2SAMTestCfg`.
        data_preprocessor: ``dict(type='SAMDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: ``test_cfg`` has an unknown key.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        sam: Mapping[str, Any] | AdaptedSAM,
        loss: Mapping[str, Any] | nn.Module = dict(type='Co2SAMLoss'),
        teacher_cache: Mapping[str, Any] | None = None,
        test_cfg: Mapping[str, Any] | None = None,
        data_preprocessor: Mapping[str, Any] | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(build(MODELS, data_preprocessor), init_cfg)
        self.num_classes = num_classes
        self.sam = sam if isinstance(sam, AdaptedSAM) else AdaptedSAM(**sam)
        self.criterion = build(MODELS, loss)
        self.test_cfg = read_test_cfg(Co2SAMTestCfg, test_cfg)
        if not self.test_cfg.adapted:
            self.sam.requires_grad_(False)
        self.teacher_cache = None if teacher_cache is None else dict(teacher_cache)
        self._cache: TeacherCache | None = None

    def init_weights(self) -> None:
        """Load the SAM that training starts from."""
        super().init_weights()
        self.sam.load_base()

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[SegDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Tensor | dict[str, Tensor] | list[SegDataSample]:
        """Run the network.

        Args:
            inputs: Images in SAM's square, (N, 3, S, S); in mode ``loss`` two of these, the weak
                and the strong view.
            data_samples: N samples with ``prompts``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'`` (image embeddings).
        """
        self.sam.load_base()
        if mode == 'loss':
            assert data_samples is not None, 'mode loss needs samples'
            return self.loss(inputs, data_samples)
        if mode not in ('predict', 'tensor'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', found {mode!r}")
        assert isinstance(inputs, Tensor), f'mode {mode!r} takes one batch'
        if mode == 'tensor':
            return self.sam.encode(inputs)
        assert data_samples is not None, 'mode predict needs samples'
        return self.predict(inputs, data_samples)

    # Training -----------------------------------------------------------------------

    def loss(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of a step, averaged over its images that have boxes.

        Args:
            inputs: Weak and strong view. Shape: (N, 3, S, S) each.
            data_samples: N samples with ``prompts`` that fit the views.

        Returns:
            The losses of :class:`~mmwsss.models.losses.co2sam_loss.Co2SAMLoss`, and the counts
            ``boxes`` and ``without_boxes`` of this step. If no image has a box, a single loss of 0
            without gradient.
        """
        weak, strong = inputs
        boxes = [self._boxes(sample) for sample in data_samples]
        rows = [i for i, own in enumerate(boxes) if len(own)]
        counts = dict(
            boxes=weak.new_tensor(sum(map(len, boxes))),
            without_boxes=weak.new_tensor(len(boxes) - len(rows)),
        )
        images = weak.new_tensor(len(rows))
        all_reduce(images)
        if not images:
            return dict(loss_skipped=weak.new_zeros(()), **counts)
        if not rows:  # other processes have boxes: take part in averaging their gradients
            nothing = sum(p.sum() for p in lora_parameters(self).values())
            return dict(loss_skipped=0 * cast(Tensor, nothing), **counts)
        weak, strong = weak[rows], strong[rows]
        samples, boxes = [data_samples[i] for i in rows], [boxes[i] for i in rows]
        templates = self._templates(weak, samples, boxes)
        embeddings = self.sam.encode(torch.cat([weak, strong]))
        answers = self.sam.decode(embeddings, self.sam.prompts([*boxes, *boxes]))
        counted = [len(own) for own in boxes] * 2
        low, iou = answers.low.split(counted), answers.iou.split(counted)
        losses: dict[str, Tensor] = {}
        for i, (sample, template) in enumerate(zip(samples, templates, strict=True)):
            size, student = tuple(sample.img_shape[:2]), len(rows) + i
            parts = self.criterion(
                self.sam.upsample(low[student], size),
                iou[student],
                TeacherView(self.sam.upsample(low[i], size), prototypes(embeddings[i], low[i])),
                TeacherView(self.sam.upsample(template[0], size), template[1]),
            )
            for name, value in parts.items():
                losses[name] = losses.get(name, 0) + value
        # Scaled so that averaging gradients over processes gives the mean over all images.
        share = get_world_size() / images
        return {**{name: value * share for name, value in losses.items()}, **counts}

    def _boxes(self, sample: SegDataSample) -> np.ndarray:
        """Return the boxes of a sample in SAM's frame. Shape: (n, 4), float64."""
        return _prompts(sample).pixels(tuple(sample.img_shape[:2]))

    @torch.no_grad()
    def _templates(
        self, weak: Tensor, samples: list[SegDataSample], boxes: list[np.ndarray]
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the T-teacher's logits (n, 4 s, 4 s) and prototypes (n, D) for each image."""
        cache = self._open_cache()
        answers: list[Any] = [None] * len(samples)
        if cache is not None:
            keys = [(sample.img_id, _flips(sample)) for sample in samples]
            answers = [cache.read(*key, own) for key, own in zip(keys, boxes, strict=True)]
        left = [i for i, answer in enumerate(answers) if answer is None]
        if left:
            with self.sam.adaptation(False):
                embeddings = self.sam.encode(weak[left])
            lows = self.sam.decode(embeddings, self.sam.prompts([boxes[i] for i in left])).low
            lows = lows.split([len(boxes[i]) for i in left])
            for i, embedding, low in zip(left, embeddings, lows, strict=True):
                answers[i] = low, prototypes(embedding, low)
                if cache is not None:
                    cache.write(*keys[i], boxes[i], answers[i])
        return [(low.to(weak), means.to(weak)) for low, means in answers]

    def _open_cache(self) -> TeacherCache | None:
        if self.teacher_cache is None:
            return None
        if self._cache is None:
            base = self.sam.fingerprint().tolist()
            context = hash_text(f'{base}|{self.data_preprocessor.describe()}')
            self._cache = TeacherCache(**self.teacher_cache, context=context)
        return self._cache

    # Testing ------------------------------------------------------------------------

    @torch.no_grad()
    def predict(self, inputs: Tensor, data_samples: list[SegDataSample]) -> list[SegDataSample]:
        """Predict label maps and store them as ``pred_sem_seg`` of the samples.

        Args:
            inputs: Images in SAM's square. Shape: (N, 3, S, S).
            data_samples: N samples with ``prompts``, ``img_shape`` (in the square), ``ori_shape``
                and, with ``oracle_tags``, ``gt_label``.

        Returns:
            The same samples; ``pred_sem_seg`` is int64 (1, H, W).
        """
        cfg = self.test_cfg
        found = [self._wanted(sample) for sample in data_samples]
        rows = [i for i, (prompts, _) in enumerate(found) if len(prompts)]
        embeddings = {}
        with self.sam.adaptation(cfg.adapted):
            if rows:
                embeddings = dict(zip(rows, self.sam.encode(inputs[rows]).split(1), strict=True))
        for i, (sample, (prompts, labels)) in enumerate(zip(data_samples, found, strict=True)):
            size = tuple(sample.ori_shape[:2])
            result = torch.zeros(size, dtype=torch.uint8, device=inputs.device)
            if i in embeddings:
                masks = self._class_maps(embeddings[i], prompts, tuple(sample.img_shape[:2]))
                result = assemble(masks, size, self.num_classes, labels, cfg)
            sample.pred_sem_seg = PixelData(data=result.long()[None])
        return data_samples

    def _wanted(self, sample: SegDataSample) -> tuple[BoxPrompts, list[int] | None]:
        """Return which boxes can appear in the result, and which classes are allowed."""
        cfg, prompts, labels = self.test_cfg, _prompts(sample), None
        if cfg.oracle_tags:
            if 'gt_label' not in sample:
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: no image-level labels (gt_label), which '
                    'test_cfg.oracle_tags=True removes classes by. Set it to False'
                )
            labels = sample.gt_label.nonzero().flatten().tolist()
        keep = np.ones(len(prompts), bool)
        if cfg.drop_unmatched:
            keep &= prompts.classes >= 0
        if labels is not None and not cfg.absent_compete:
            keep &= np.isin(prompts.classes, [*labels, -1])
        return prompts[keep], labels

    def _class_maps(
        self, embedding: Tensor, prompts: BoxPrompts, size: tuple[int, int]
    ) -> ClassMaps:
        at_a_time = self.test_cfg.boxes_at_a_time
        boxes = prompts.pixels(size)
        low = torch.cat(
            [
                self.sam.decode(embedding, self.sam.prompts([boxes[start : start + at_a_time]])).low
                for start in range(0, len(boxes), at_a_time)
            ]
        )
        return class_maps(
            lambda index: self.sam.upsample(low[index], size),
            torch.as_tensor(prompts.scores, device=low.device),
            prompts.classes.tolist(),
            size,
            at_a_time,
        )

    def store_output(self) -> StoreOutput:
        """Say that a test writes masks, and whether it used image-level labels."""
        cfg = self.test_cfg
        protocol = dict(
            image_labels_at_test_time='oracle tags' if cfg.oracle_tags else 'not used',
            absent_compete=cfg.absent_compete,
            drop_unmatched=cfg.drop_unmatched,
            adapted=cfg.adapted,
        )
        return StoreOutput(('masks',), protocol)


def _prompts(sample: SegDataSample) -> BoxPrompts:
    if 'prompts' not in sample:
        raise ValueError(
            f'{sample.get("img_id", "an image")}: no box prompts; the pipeline needs '
            "dict(type='LoadPrompts', store=...), and the store a run of configs/prompts"
        )
    return sample.prompts


def _flips(sample: SegDataSample) -> tuple[bool, bool]:
    direction = sample.get('flip_direction') or ''
    return direction in ('horizontal', 'diagonal'), direction in ('vertical', 'diagonal')
