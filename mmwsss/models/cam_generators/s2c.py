"""S2C: train a CAM network with SAM's segments and masks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.cam_generators.cam import CAMGenerator
from mmwsss.models.sam.point_decoder import PointDecoder
from mmwsss.ops.cam import fuse_scales, normalize_cam
from mmwsss.ops.peaks import pick_points
from mmwsss.ops.pseudo_labels import PseudoLabels, merge_masks
from mmwsss.registry import MODELS, build


class Prompting(NamedTuple):
    """Intermediate results from maps to a pseudo label, for P pairs of image and class.

    Args:
        cams: Normalised multi-scale maps. Shape: (P, H, W).
        points: (x, y) in pixels, the global maximum first. Shape: (n, 2) each.
        masks: SAM's mask of each pair. Shape: (P, H, W), bool.
        labels: Label maps, merged from the masks.
    """

    cams: Tensor
    points: list[np.ndarray]
    masks: Tensor
    labels: PseudoLabels


@MODELS.register_module()
class S2C(CAMGenerator):
    """S2C's CAM network, trained with segments and masks of SAM.

    `From SAM to CAMs <https://openaccess.thecvf.com/content/CVPR2024/papers/Kweon_From_SAM_to_
    CAMs_Exploring_Segment_Anything_Model_for_Weakly_CVPR_2024_paper.pdf>`_ (Kweon and Yoon, CVPR
    2024), as released. Two losses are added to that of classification:

    - *segment contrast* (``loss_ssc``): each pixel's feature is pulled towards the mean feature of
      its SAM segment and pushed away from those of other segments;
    - *CAM-based prompting* (``loss_cpm``, from epoch ``cpm_begin`` on): peaks of the multi-scale
      maps are given to SAM as prompts, once for each image and class; its masks, merged into a
      label map, supervise the maps.

    Inference is that of :class:`CAMGenerator`, without SAM.

    Args:
        backbone: See :class:`CAMGenerator`.
        head: See :class:`CAMGenerator`; S2C projects to 256 channels.
        point_decoder: Config of a :class:`~mmwsss.models.sam.point_decoder.PointDecoder`,
            or one; None leaves CAM-based prompting out. It is built when training begins, as
            tests do not need it.
        loss_ssc: Config of a :class:`~mmwsss.models.losses.segment_contrast.SegmentContrastLoss`,
            or the module; None leaves it out.
        loss_cpm: Config of a
            :class:`~mmwsss.models.losses.cam_pseudo_label.CAMPseudoLabelLoss`, or the module.
        cpm_begin: First epoch (from 0) with prompting.
        cpm_scales: Scales of the maps that prompt. Images are resized with aligned corners.
        peak_threshold: See :func:`~mmwsss.ops.peaks.pick_points`.
        peak_distance: See :func:`~mmwsss.ops.peaks.pick_points`, in pixels.
        legacy_peaks: See :func:`~mmwsss.ops.peaks.pick_points`.
        test_cfg: See :class:`CAMGenerator`.
        data_preprocessor: See :class:`CAMGenerator`; needed for prompting.
        init_cfg: See :class:`CAMGenerator`.

    Raises:
        ValueError: An argument is out of range, or prompting lacks a data preprocessor.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        head: dict | nn.Module,
        *,
        point_decoder: dict | PointDecoder | None,
        loss_ssc: dict | nn.Module | None = dict(type='SegmentContrastLoss'),
        loss_cpm: dict | nn.Module = dict(type='CAMPseudoLabelLoss'),
        cpm_begin: int = 2,
        cpm_scales: Sequence[float] = (1.0, 0.5, 1.5, 2.0),
        peak_threshold: float = 0.5,
        peak_distance: int = 20,
        legacy_peaks: bool = True,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            backbone,
            head,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if point_decoder is not None and not hasattr(self.data_preprocessor, 'mean'):
            raise ValueError(
                'prompting turns normalised images back, for which it needs '
                "data_preprocessor=dict(type='WSSSDataPreprocessor', ...)"
            )
        if not cpm_scales or min(cpm_scales) <= 0 or cpm_begin < 0:
            raise ValueError(
                'cpm_scales are positive factors and cpm_begin is at least 0, found '
                f'{tuple(cpm_scales)} and {cpm_begin}'
            )
        self.point_decoder: dict | PointDecoder | None = point_decoder
        self.loss_ssc = build(MODELS, loss_ssc)
        self.loss_cpm = build(MODELS, loss_cpm)
        self.cpm_begin = cpm_begin
        self.cpm_scales = tuple(cpm_scales)
        self.peaks: dict[str, Any] = dict(
            threshold=peak_threshold, min_distance=peak_distance, legacy=legacy_peaks
        )

    def init_weights(self) -> None:
        """Initialise the weights and build the point decoder, since training begins."""
        super().init_weights()
        self._build_point_decoder()

    def _build_point_decoder(self) -> PointDecoder | None:
        decoder: PointDecoder | None = build(MODELS, self.point_decoder)
        self.point_decoder = decoder
        return decoder

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute ``loss_cls``, ``loss_ssc`` and, from epoch ``cpm_begin`` on, ``loss_cpm``.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``gt_label`` and ``segments``, (1, H, W) each.
        """
        self._build_point_decoder()
        tags = self.tags(data_samples)
        prompting = None
        # Also right after resuming: the runner writes the epoch to the message hub.
        epoch = MessageHub.get_current_instance().get_info('epoch', 0)
        if self.point_decoder is not None and epoch >= self.cpm_begin:
            prompting = self.prompt(inputs, data_samples, tags)
        features, cam = self.features(inputs)
        logits = cam.mean((-2, -1))
        losses = dict(loss_cls=F.multilabel_soft_margin_loss(logits, tags))
        if self.loss_ssc is not None:
            losses['loss_ssc'] = self.loss_ssc(features, self._segments(data_samples, inputs))
        if prompting is not None:
            losses['loss_cpm'] = self.loss_cpm(cam, tags, prompting.labels.label)
        # As published: each of the two losses is left out if it is NaN.
        for name in set(losses) - {'loss_cls'}:
            if losses[name].isnan():
                losses[name] = torch.zeros_like(losses[name])
        return losses

    @staticmethod
    def _segments(samples: list[SegDataSample], inputs: Tensor) -> Tensor:
        """Segment maps of the samples. Shape: (N, H, W), int64."""
        for sample in samples:
            name = sample.get('img_id', 'an image')
            if 'segments' not in sample:
                raise ValueError(
                    f'{name}: no segment map; the training pipeline needs LoadProposals, '
                    'SegmentsFromProposals and RelabelSegments (see configs/s2c)'
                )
            if tuple(sample.segments.shape) != tuple(inputs.shape[-2:]):
                raise ValueError(
                    f'{name}: the segment map has {tuple(sample.segments.shape)} pixels, the image '
                    f'{tuple(inputs.shape[-2:])}: transforms have to carry it along (aligned maps)'
                )
        return torch.stack([sample.segments.data[0] for sample in samples]).to(inputs.device)

    @torch.no_grad()
    def prompt(self, inputs: Tensor, samples: list[SegDataSample], tags: Tensor) -> Prompting:
        """Make pseudo labels of a batch by prompting SAM with peaks of the network's own maps.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            samples: N samples, for the point decoder.
            tags: Multi-hot. Shape: (N, C).
        """
        decoder = self._build_point_decoder()
        assert decoder is not None, 'there is nothing to prompt without a point decoder'
        with _evaluating(self):
            cams = self.prompting_maps(inputs, tags)
        # Older versions of torch would reuse these cast weights, without gradients, in training.
        torch.clear_autocast_cache()
        points = pick_points(cams, **self.peaks)
        image = (tags > 0).nonzero()[:, 0].tolist()
        # The decoder has a precision of its own, independent of the training's.
        with torch.autocast(inputs.device.type, enabled=False):
            answer = decoder(self.pixels(inputs.float()), samples, image, points)
        labels = merge_masks(answer.masks, answer.confidence, cams, tags > 0)
        return Prompting(cams, points, answer.masks, labels)

    def prompting_maps(self, inputs: Tensor, tags: Tensor) -> Tensor:
        """Compute maps of all pairs of image and tag, summed over scales. Shape: (P, H, W)."""
        height, width = inputs.shape[-2:]
        image, classes = (tags > 0).nonzero(as_tuple=True)
        maps = []
        for scale in self.cpm_scales:
            x = inputs
            if scale != 1:
                target = round(height * scale), round(width * scale)
                x = F.interpolate(x, target, mode='bilinear', align_corners=True)
            maps.append(self.checked_cams(x).cam[image, classes].unsqueeze(1).float())
        return normalize_cam(fuse_scales(maps, (height, width), 's2c'))

    def pixels(self, inputs: Tensor) -> Tensor:
        """Undo the normalisation of images to 0..255, in the release's order of operations."""
        mean, std = self.data_preprocessor.mean, self.data_preprocessor.std
        return (inputs + mean / std) / (255 / std) * 255


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Temporarily switch to eval mode."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
