"""Fine-tuning a trained CAM generator on each test image without its last activation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMTestCfg
from mmwsss.ops.cam import fuse_scales
from mmwsss.ops.pooling import non_discriminative_pooling
from mmwsss.structures import Seeds

DISJOINT = ('disjoint', 'disjoint_tags', 'disjoint_boxes')


@dataclass(frozen=True)
class RIBTestCfg(CAMTestCfg):
    """Options of fine-tuning on an image and gathering its maps (``test_cfg``).

    The published values for COCO are in brackets.

    Args:
        fuse: As in :class:`CAMTestCfg`; IRN's by default.
        steps: Maximum number of steps on an image.
        lr: Learning rate of the backbone (5e-6).
        head_lr_mult: Factor for the head.
        weight_decay: Weight decay, which is the momentum too: the published optimiser passes it to
            SGD in the place of the momentum.
        power: Exponent of the learning rate's polynomial decay over ``steps``.
        pool_threshold: Pixels above this share of a map's maximum are left out of the class score
            (0.5).
        logit_limit: Stop when the sum of the image's class scores is above this, or below its
            negative (1000).
        scale: Index of scale 1 among the pipeline's scales; it comes first, and ``cover_limit`` is
            checked on its map.
        map_only: Indices of scales whose maps are used without learning from them.
        high: Score above which a pixel of a normalised map counts as covered.
        cover_limit: Stop when a class covers a larger share of the image, since then its map has
            spread over everything (0.8).
    """

    fuse: str = 'irn_cam'
    steps: int = 10
    lr: float = 8e-6
    head_lr_mult: float = 10
    weight_decay: float = 1e-4
    power: float = 0.9
    pool_threshold: float = 0.4
    logit_limit: float = 600
    scale: int = 0
    map_only: tuple[int, ...] = (1,)
    high: float = 0.3
    cover_limit: float = 0.7

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1 or self.lr <= 0 or not self.flip or not self.use_tags:
            raise ValueError(
                'test_cfg: steps >= 1, lr > 0, flip=True and use_tags=True are expected, found '
                f'{self}'
            )
        if self.scale in self.map_only:
            raise ValueError(f'test_cfg: the scale {self.scale} is watched, so it is learnt from')


class Look(NamedTuple):
    """Output of the classifier for a batch, while it is tuned on an image.

    Args:
        maps: Raw maps that are pooled to class scores. Shape: (N, C, h, w).
        seeds: Non-negative maps that are added up over the steps. Shape: (N, C, h, w).
        scores: Class scores of tokens, which have no map, to learn from too; None if there are
            none. Shape: (N, C).
    """

    maps: Tensor
    seeds: Tensor
    scores: Tensor | None = None


class RIBTuning(BaseCAMGenerator):
    """Base class of RIB, for any classifier that has class activation maps.

    `Reducing Information Bottleneck for Weakly Supervised Semantic Segmentation
    <https://arxiv.org/abs/2110.06530>`_, NeurIPS 2021. It is a test stage with the checkpoint of a
    trained classifier. On each image up to ``steps`` updates are made, with views of the image and
    with a batch of photos that share no class with it. The loss is ``-(scores * tags).sum()``, on
    scores that leave out the most discriminative pixels, without a sigmoid. After each image the
    weights are restored. Classifiers have the parts ``backbone`` and ``head``.
    """

    test_cfg_class: ClassVar[type[RIBTestCfg]] = RIBTestCfg
    test_cfg: RIBTestCfg
    backbone: nn.Module
    head: nn.Module

    @abstractmethod
    def look(self, x: Tensor) -> Look:
        """Run the classifier on normalised images (N, 3, H, W), with gradients if they are on."""

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Fill the samples of images that have the same size at every scale, one by one.

        Args:
            batches: The images at each scale. Shape: (n, 3, h, w).
            samples: The n samples, with what ``LoadDisjoint`` adds.
        """
        cfg = self.test_cfg
        if (highest := max((cfg.scale, *cfg.map_only))) >= len(batches):
            raise ValueError(
                f'{type(self).__name__}: test_cfg speaks of scale {highest}, the pipeline '
                f'gives {len(batches)} scales (MultiScale)'
            )
        for index, (sample, tags) in enumerate(zip(samples, self.tags(samples), strict=True)):
            tags = tags.to(batches[0])
            present = tags.nonzero()[:, 0]
            size = tuple(sample.ori_shape[:2])
            with torch.no_grad():
                logits = self.checked_cams(batches[cfg.scale][index, None]).logits[0]
                sample.tag_scores = logits.float().sigmoid()
            if not len(present):
                sample.seeds = Seeds(np.zeros(0, np.int16), np.zeros((0, *size), np.float32))
                continue
            if missing := [key for key in DISJOINT if key not in sample]:
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: RIB needs photos without its classes: '
                    f'add LoadDisjoint to the pipeline, and PackTagged(meta_keys={DISJOINT}); '
                    f'{", ".join(missing)} missing'
                )
            views = [torch.stack([x[index], x[index].flip(-1)]) for x in batches]
            # Autocast caches the weights that it has cast, and would not see the updates.
            precision = torch.autocast(tags.device.type, enabled=False)
            with self._tuned(), torch.enable_grad(), precision:
                maps = self._tune(views, tags, present, sample)
            scores = self.normalize(fuse_scales([x[:, None] for x in maps], size, cfg.fuse))
            sample.seeds = Seeds(present.cpu().numpy(), scores.cpu().numpy(), size=size)

    def _tune(
        self, views: list[Tensor], tags: Tensor, present: Tensor, sample: SegDataSample
    ) -> list[Tensor]:
        """Tune on one image and sum its maps over all steps, for each scale. Shape: (K, h, w)."""
        cfg = self.test_cfg
        optimizer = self._optimizer()
        rates = [group['lr'] for group in optimizer.param_groups]
        order = [cfg.scale, *(i for i in range(len(views)) if i != cfg.scale)]
        totals: list = [0] * len(views)
        batches = min(cfg.steps, len(sample.disjoint))
        for step in range(batches):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group['lr'] = rate * (1 - step / cfg.steps) ** cfg.power
            optimizer.zero_grad()
            target = 0.0
            for index in order:
                learns = index not in cfg.map_only
                with torch.set_grad_enabled(learns):
                    seen = self.look(views[index])
                plain, mirrored = seen.seeds.detach()[:, present]
                totals[index] = totals[index] + plain + mirrored.flip(-1)
                if index == cfg.scale and step > 0 and self._exploded(totals[index]):
                    return totals
                if learns:
                    # A backward pass for each scale: one graph is in memory, gradients add up.
                    score = self._score(seen, tags.expand(len(seen.maps), -1))
                    (-score).backward()
                    target += score.item()
            others = self._normalise(sample.disjoint[step], sample.disjoint_boxes[step])
            other_tags = sample.disjoint_tags[step].to(others)
            (-self._score(self.look(others), other_tags)).backward()
            optimizer.step()
            if abs(target) > cfg.logit_limit:
                break
        return totals

    def _score(self, seen: Look, tags: Tensor) -> Tensor:
        scores = non_discriminative_pooling(seen.maps, tags, self.test_cfg.pool_threshold)
        if seen.scores is not None:
            scores = scores + seen.scores
        return (scores * tags).sum()

    def _exploded(self, total: Tensor) -> bool:
        cfg = self.test_cfg
        cover = (self.normalize(total) > cfg.high).float().mean((-2, -1))
        return bool((cover > cfg.cover_limit).any())

    def _normalise(self, images: Tensor, boxes: Tensor) -> Tensor:
        """Normalise as in the classifier's training, where padding is 0 after normalisation."""
        samples = [SegDataSample(metainfo=dict(valid_box=box)) for box in boxes.tolist()]
        return self.data_preprocessor(dict(inputs=list(images), data_samples=samples))['inputs']

    def _optimizer(self) -> torch.optim.Optimizer:
        cfg = self.test_cfg
        groups = [
            dict(params=[p for p in part.parameters() if p.requires_grad], lr=cfg.lr * factor)
            for part, factor in ((self.backbone, 1), (self.head, cfg.head_lr_mult))
        ]
        return torch.optim.SGD(
            [group for group in groups if group['params']],
            momentum=cfg.weight_decay,
            weight_decay=cfg.weight_decay,
        )

    @contextmanager
    def _tuned(self) -> Iterator[None]:
        """Context in which the weights may change; they are restored afterwards."""
        saved = [(p, p.detach().clone()) for p in self.parameters() if p.requires_grad]
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, value in saved:
                    parameter.copy_(value)
                    parameter.grad = None
