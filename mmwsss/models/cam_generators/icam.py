"""ICAM: importance sampling and feature similarity for CAMs with accurate contours."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, cast

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput, CAMTestCfg
from mmwsss.models.heads.pcm_head import PCMOutput
from mmwsss.ops.cam import normalize_cam
from mmwsss.ops.probability import fuse_tagged, keep_best, squeezed_logit
from mmwsss.registry import MODELS, build
from mmwsss.structures import Seeds


@dataclass(frozen=True)
class ICAMTestCfg(CAMTestCfg):
    """Options of making seeds (``test_cfg``).

    Args:
        fuse: ``'icam'`` alone: the mean of probabilities over scales and views.
        winner_takes_all: Keep in each pixel the best of the image's classes only, as published.
    """

    fuse: str = 'icam'
    winner_takes_all: bool = True

    def __post_init__(self) -> None:
        if self.fuse != 'icam':
            raise ValueError(f"test_cfg.fuse of ICAM must be 'icam', found {self.fuse!r}")


class Views(NamedTuple):
    """Output for one view of the images: logits and probabilities at every position.

    Args:
        logits: Shape: (N, C + 1, h, w), background first, as all.
        cam: Softmax of ``logits``.
        revised: Softmax of the propagated logits.
    """

    logits: Tensor
    cam: Tensor
    revised: Tensor


@MODELS.register_module()
class ICAM(BaseCAMGenerator):
    """CAM network with a background class, trained by importance sampling and colour similarity.

    `Importance Sampling CAMs for Weakly-Supervised Segmentation with Highly Accurate Contours
    <https://arxiv.org/abs/2203.12459>`_ (Jonnarth, Zhang and Felsberg, 2022), as released. A
    network sees each image at two sizes (SEAM's siamese network). Its losses, over both views:

    - ``loss_gap``: soft margin loss of the mean logits of the foreground, times ``1 - w``;
    - ``loss_sampling``: of sampled positions
      (:class:`~mmwsss.models.losses.importance_sampling.ImportanceSamplingLoss`), times ``w``;
    - ``loss_revised``: of the greatest probabilities of the propagated maps, background included;
    - ``loss_er``, ``loss_ecr``: mean absolute differences of the views' maps, of one kind and
      across kinds;
    - ``loss_similarity``: :class:`~mmwsss.models.losses.feature_similarity.FeatureSimilarityLoss`
      of the first view.

    Args:
        backbone: Config or module with three feature maps, published:
            ``dict(type='ResNet38d', out_indices=(4, 5, 7), dropout=(0.3, 0.5))``.
        head: Config or module of a :class:`~mmwsss.models.heads.pcm_head.PCMHead`.
        loss_sampling: Config or module; None leaves sampling out and gives the loss of the mean
            logits all of the weight.
        loss_similarity: Config or module; None leaves it out. Needs the preprocessor's mean and
            deviation.
        sampling_weight: The weight w.
        view_scale: Size of the second view; sides are rounded down.
        test_cfg: Fields of :class:`ICAMTestCfg`.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: An argument is out of range, or the data preprocessor is missing.
    """

    test_cfg_class: ClassVar[type[ICAMTestCfg]] = ICAMTestCfg
    test_cfg: ICAMTestCfg

    def __init__(
        self,
        backbone: dict | nn.Module,
        head: dict | nn.Module,
        *,
        loss_sampling: dict | nn.Module | None = dict(type='ImportanceSamplingLoss'),
        loss_similarity: dict | nn.Module | None = dict(
            type='FeatureSimilarityLoss', loss_weight=0.5
        ),
        sampling_weight: float = 0.8,
        view_scale: float = 0.3,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        classifier = build(MODELS, head)
        super().__init__(
            num_classes=classifier.num_classes,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if loss_similarity is not None and not hasattr(self.data_preprocessor, 'mean'):
            raise ValueError(
                'the similarity of colours turns normalised images back, for which it needs '
                "data_preprocessor=dict(type='WSSSDataPreprocessor', ...)"
            )
        if not (0 <= sampling_weight <= 1 and 0 < view_scale <= 1):
            raise ValueError(
                'sampling_weight lies in [0, 1] and view_scale in (0, 1], found '
                f'{sampling_weight} and {view_scale}'
            )
        self.backbone: nn.Module = build(MODELS, backbone)
        self.head: nn.Module = classifier
        self.loss_sampling = build(MODELS, loss_sampling)
        self.loss_similarity = build(MODELS, loss_similarity)
        self.sampling_weight = sampling_weight if self.loss_sampling is not None else 0.0
        self.view_scale = view_scale

    def maps(self, x: Tensor) -> PCMOutput:
        """Compute logits at every position, classified and propagated, of images (N, 3, H, W)."""
        return self.head(self.backbone(x), x)

    def view(self, x: Tensor) -> Views:
        """Compute logits and probabilities at every position of images (N, 3, H, W)."""
        output = self.maps(x)
        logits, revised = output.logits.float(), output.revised.float()
        return Views(logits, logits.softmax(1), revised.softmax(1))

    def cams(self, x: Tensor) -> CAMOutput:
        """Compute class scores from the greatest probabilities, and the mean of both kinds of maps.

        The maps are probabilities of the foreground classes among all classes.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
        """
        logits, maps = self.probabilities(x)
        return CAMOutput(logits, maps[:, 1:])

    def probabilities(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute class scores, (N, C), and the mean of both kinds of maps, (N, C + 1, h, w)."""
        view = self.view(x)
        logits = squeezed_logit(view.cam[:, 1:].amax((-2, -1)))
        return logits, 0.5 * view.cam + 0.5 * view.revised

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses that the class describes.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label``.
        """
        tags = self.tags(data_samples)
        size = [max(1, math.floor(side * self.view_scale)) for side in inputs.shape[-2:]]
        small = F.interpolate(inputs, size, mode='bilinear', align_corners=True)
        first, second = views = self.view(inputs), self.view(small)
        losses = self.tag_losses(views, tags) | self.equivariance_losses(first, second)
        if self.loss_similarity is not None:
            height, width = first.cam.shape[-2:]
            colours = self.colours(inputs, (height, width))
            losses['loss_similarity'] = self.loss_similarity(first.cam, colours)
        return losses

    def tag_losses(self, views: tuple[Views, ...], tags: Tensor) -> dict[str, Tensor]:
        """Compute the losses against the image-level labels, summed over the views."""
        weight = self.sampling_weight
        everything = torch.cat([torch.ones_like(tags[:, :1]), tags], 1)
        gap = [
            F.multilabel_soft_margin_loss(view.logits[:, 1:].mean((-2, -1)), tags) for view in views
        ]
        revised = [
            F.multilabel_soft_margin_loss(squeezed_logit(view.revised.amax((-2, -1))), everything)
            for view in views
        ]
        losses = dict(
            loss_gap=(1 - weight) * cast(Tensor, sum(gap)), loss_revised=cast(Tensor, sum(revised))
        )
        if self.loss_sampling is not None:
            sampled = [self.loss_sampling(view.cam, tags) for view in views]
            losses['loss_sampling'] = weight * sum(sampled)
        return losses

    @staticmethod
    def equivariance_losses(first: Views, second: Views) -> dict[str, Tensor]:
        """Compare the two views on the second one's grid; gradients flow into both."""

        def distance(one: Tensor, other: Tensor) -> Tensor:
            return (one - other).abs().mean()

        grid = second.cam.shape[-2:]
        cam, revised = (
            F.interpolate(maps, grid, mode='bilinear', align_corners=True)
            for maps in (first.cam, first.revised)
        )
        return dict(
            loss_er=distance(cam, second.cam)
            + distance(revised, second.revised)
            + distance(cam, revised)
            + distance(second.cam, second.revised),
            loss_ecr=distance(cam, second.revised) + distance(second.cam, revised),
        )

    def colours(self, inputs: Tensor, grid: tuple[int, int]) -> Tensor:
        """Resize images (N, 3, H, W) to the grid and undo their normalisation to about [0, 1]."""
        small = F.interpolate(inputs, grid, mode='bilinear', align_corners=True)
        mean, std = self.data_preprocessor.mean, self.data_preprocessor.std
        return small * (std / 255) + mean / 255

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Make seeds as published and fill the samples.

        Probabilities among the tagged classes and the background are averaged over scales and
        views; the best class of each pixel is kept and divided by its maximum.

        Args:
            batches: The images at each scale. Shape: (n, 3, h, w).
            samples: Their n samples.
        """
        cfg = self.test_cfg
        logits, maps = [], []
        for x in batches:
            scores, probabilities = self.probabilities(
                torch.cat([x, x.flip(-1)]) if cfg.flip else x
            )
            logits.append(scores.unflatten(0, (-1, len(x))))
            maps.append(probabilities.unflatten(0, (-1, len(x))))
        tag_scores = torch.cat(logits).mean(0).sigmoid()
        tags = self.tags(samples).to(tag_scores) if cfg.use_tags else tag_scores > cfg.tag_threshold
        size = tuple(samples[0].ori_shape[:2])
        fused = fuse_tagged(maps, tags, size)
        if cfg.winner_takes_all:
            fused = keep_best(fused, tags)
        seeds = normalize_cam(fused).cpu().numpy()
        image, classes = (x.cpu().numpy() for x in tags.nonzero(as_tuple=True))
        for index, sample in enumerate(samples):
            own = image == index
            sample.seeds = Seeds(classes[own], seeds[own], size=size)
            sample.tag_scores = tag_scores[index]
