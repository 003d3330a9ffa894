"""A CRF's energy as a loss: near pixels of similar colour should have the same label."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.ops.bilateral import BILATERALS
from mmwsss.registry import MODELS

Kernel = Literal['lattice', 'exact', 'coarse']


@MODELS.register_module()
class DenseEnergyLoss(nn.Module):
    """CRF energy loss ``-sum_k S_k K S_k``; K weighs all pixel pairs by position and colour.

    `On Regularized Losses for Weakly-supervised CNN Segmentation
    <https://arxiv.org/abs/1803.09569>`_ (rloss) as ToCo uses it, with the gate of its code: pixels
    that the network is sure of count less (``1 - max_k P_k``), unlabelled ones fully. As published,
    the gradient is not the derivative of the value: the gate is treated as a constant that applies
    to both factors S.

    Args:
        sigma_rgb: Width of the kernel in grey levels.
        sigma_xy: Its width in pixels of the image.
        scale_factor: Factor of the resolution at which the energy is computed, sides rounded down;
            ``sigma_xy`` is scaled with it.
        kernel: How sums over all pairs are computed: ``'lattice'`` as in the published runs,
            ``'exact'`` by brute force (for GPUs) or ``'coarse'``, brute force at half the
            resolution. The last two give about 1.7 times larger values on photos: multiply
            ``loss_weight`` by 0.576 for the published strength.
        loss_weight: Factor of the loss, on top of the factor 1e-7 in all published code.

    Raises:
        ValueError: An argument is out of range.
    """

    INNER_WEIGHT = 1e-7

    def __init__(
        self,
        *,
        sigma_rgb: float = 15.0,
        sigma_xy: float = 100.0,
        scale_factor: float = 0.5,
        kernel: Kernel = 'lattice',
        loss_weight: float = 1.0,
    ):
        super().__init__()
        if kernel not in get_args(Kernel):
            raise ValueError(f'kernel must be one of {get_args(Kernel)}, found {kernel!r}')
        if min(sigma_rgb, sigma_xy) <= 0 or not 0 < scale_factor <= 1:
            raise ValueError(
                'positive widths and a scale_factor in (0, 1] are expected, found '
                f'{sigma_rgb}, {sigma_xy} and {scale_factor}'
            )
        self.sigma_rgb, self.sigma_xy = sigma_rgb, sigma_xy
        self.scale_factor, self.kernel, self.loss_weight = scale_factor, kernel, loss_weight

    def forward(
        self, logits: Tensor, images: Tensor, labels: Tensor, inside: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch.

        Args:
            logits: At the size of the images. Shape: (N, K, H, W).
            images: Colours in 0..255. Shape: (N, 3, H, W).
            labels: Pseudo labels; 255 is unlabelled. Shape: (N, H, W).
            inside: Whether a pixel belongs to the photo, not to its padding. Defaults to all.
                Shape: (N, H, W), bool.

        Returns:
            A scalar, at most 0.
        """
        inside = torch.ones_like(labels, dtype=torch.bool) if inside is None else inside
        with torch.autocast(logits.device.type, enabled=False):
            scale = self.scale_factor
            # One size for all, so that they lie on each other where it is no exact part, too.
            size = [max(1, int(side * scale)) for side in logits.shape[-2:]]
            scores = F.interpolate(logits.float().softmax(1), size, mode='bilinear')
            images = F.interpolate(images.float(), size, mode='nearest')
            inside, unlabelled = (
                F.interpolate(mask[:, None].float(), size, mode='nearest')
                for mask in (inside, labels == 255)
            )
            with torch.no_grad():
                gate = (inside - scores.amax(1, keepdim=True)).clamp(min=0)
                gate = torch.where(unlabelled > 0, 1.0, gate)
            scores = scores * inside
            sums = BILATERALS[self.kernel](
                images, scores.detach(), self.sigma_xy * scale, self.sigma_rgb
            )
            energy = -(self.INNER_WEIGHT * self.loss_weight / len(scores)) * (
                (scores * (sums * gate)).sum()
            )
            return 2 * energy - energy.detach()  # doubles the gradient, keeps the value
