"""CLIP-ES: seeds of a frozen CLIP, without any training."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput
from mmwsss.models.cam_generators.clip_test_cfg import CLIPTestCfg
from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.seeder import CLIPSeeder
from mmwsss.models.clip.text_bank import TextBank
from mmwsss.ops.grad_cam import present_softmax
from mmwsss.registry import MODELS
from mmwsss.structures import Seeds


@MODELS.register_module()
class CLIPES(BaseCAMGenerator):
    """CLIP is Also an Efficient Segmenter (CLIP-ES): seeds of a frozen CLIP by GradCAM.

    `Y. Lin et al., CVPR 2023 <https://arxiv.org/abs/2212.09506>`_, as released. The map of a tag is
    the GradCAM of its softmax probability among the tags of the image and words for the background,
    spread along CLIP's own attention. Nothing is trained: test it, and it writes seeds.

    Args:
        clip: Config of a :class:`~mmwsss.models.clip.clip.CLIP`, or one.
        prompts: Arguments of a :class:`~mmwsss.models.clip.fixed_prompts.FixedPrompts`, or one.
        num_classes: Number of foreground classes.
        bank: Sentences that enrich the texts of the classes, see
            :class:`~mmwsss.models.clip.seeder.CLIPSeeder`. None in the publication.
        test_cfg: Fields of
            :class:`~mmwsss.models.cam_generators.clip_test_cfg.CLIPTestCfg`; ``caa`` published
            with ``threshold`` .4 (VOC) or .7 (COCO), ``rounds=3`` and ``passes=2``.
        data_preprocessor: With CLIP's mean and deviation.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: The numbers of classes and of prompts differ, or an argument is unknown.
    """

    test_cfg_class: ClassVar[type[CLIPTestCfg]] = CLIPTestCfg
    test_cfg: CLIPTestCfg

    def __init__(
        self,
        clip: dict | CLIP,
        prompts: dict | FixedPrompts,
        *,
        num_classes: int,
        bank: dict | TextBank | None = None,
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
        self.seeder = CLIPSeeder(clip, prompts, num_classes, self.test_cfg.caa, bank=bank)

    def cams(self, x: Tensor) -> CAMOutput:
        """Compute scaled cosines, (N, C), and maps of all classes, as if all were in each image.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
        """
        seeder = self.seeder
        image = seeder.clip.encode(x)
        tags = x.new_ones((len(x), self.num_classes))
        cam = seeder.grad_cam(image, tags).unflatten(0, (len(x), -1))
        features, _ = seeder.clip.describe(image)
        return CAMOutput(seeder.logits(features)[:, : self.num_classes], cam)

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Raise an error: there is nothing to train.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError('CLIP-ES has nothing to train: test it, it needs no checkpoint')

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Fill the samples of images that have the same size, see the base class.

        Args:
            batches: One scale. Shape: (n, 3, h, w).
            samples: The n samples.
        """
        if len(batches) != 1:
            raise ValueError(
                f'CLIP-ES looks at one scale, the pipeline gives {len(batches)}: take out '
                'MultiScale'
            )
        seeder = self.seeder
        image = seeder.clip.encode(batches[0], seeder.layers)
        features, attention = seeder.clip.describe(image)
        logits = seeder.logits(features)
        probability = present_softmax(logits, torch.ones_like(logits))[:, : self.num_classes]
        if self.test_cfg.use_tags:
            tags = self.tags(samples).to(logits)
        else:
            tags = (probability > self.test_cfg.tag_threshold).to(logits)
        cams = seeder.grad_cam(image, tags).split((tags > 0).sum(1).tolist())
        for index, (sample, cam) in enumerate(zip(samples, cams, strict=True)):
            sample.tag_scores = probability[index]
            classes, size = tags[index].nonzero()[:, 0].cpu().numpy(), tuple(sample.ori_shape[:2])
            scores = cam.new_zeros((0, *size))
            if len(cam):
                low = seeder.scores(cam, attention[index])
                scores = F.interpolate(low[None], size, mode='bilinear')[0]
            sample.seeds = Seeds(classes, scores.clamp(0, 1).cpu().numpy(), size=size)

    def protocol(self) -> dict[str, Any]:
        """Describe how the seeds are made, for the record of a store."""
        return dict(super().protocol(), **self.seeder.protocol())
