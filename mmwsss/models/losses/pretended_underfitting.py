"""PMM's loss for training on pseudo masks that contain mistakes."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.registry import MODELS

Treatment = Literal['clamp', 'pow', 'ignore', 'none']


@MODELS.register_module()
class PretendedUnderFittingLoss(nn.Module):
    """Cross entropy that reduces the influence of pixels with large losses.

    `Pseudo-mask Matters in Weakly-supervised Semantic Segmentation
    <https://arxiv.org/abs/2108.12995>`_ (PMM, ICCV 2021), the second stage of ICAM's extended
    training. Once the mean loss is below ``beta`` (the network fits most labels), pixels with a
    large loss are treated as mistakes of the mask. As published, means are taken over all pixels;
    unlabelled ones count as 0.

    Args:
        beta: Mean loss below which ``treatment`` is applied.
        k: Parameter of ``treatment``: the bound above which 'clamp' gives no gradient (published:
            0.5 on VOC, 0.8 on COCO) or 'ignore' sets losses to 0; the exponent of 'pow'.
        treatment: 'clamp' (published), 'pow', 'ignore' or 'none'.
        loss_weight: Factor of the loss.
        loss_name: Name in the log; mmseg adds up the losses whose names begin with ``loss``.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        *,
        beta: float = 0.5,
        k: float = 0.5,
        treatment: Treatment = 'clamp',
        loss_weight: float = 1.0,
        loss_name: str = 'loss_pus',
    ):
        super().__init__()
        if beta < 0 or k <= 0:
            raise ValueError(f'beta >= 0 and k > 0 are expected, found {beta} and {k}')
        if treatment not in get_args(Treatment):
            raise ValueError(
                f'treatment must be one of {list(get_args(Treatment))}, found {treatment!r}'
            )
        self.beta, self.k, self.treatment = beta, k, treatment
        self.loss_weight, self.loss_name = loss_weight, loss_name

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
    ) -> Tensor:
        """Loss of a batch, as mmseg's decode heads call it.

        Args:
            cls_score: Logits. Shape: (N, C + 1, H, W).
            label: Classes. Shape: (N, H, W).
            weight: Of the pixels, from a pixel sampler. Shape: (N, H, W).
            ignore_index: Label of pixels that count as 0.
        """
        loss = F.cross_entropy(cls_score, label, ignore_index=ignore_index, reduction='none')
        if weight is not None:
            loss = loss * weight
        # Decided on the device, so that the CPU need not wait for the mean.
        learned = loss.detach().mean() < self.beta
        return self.loss_weight * torch.where(learned, self._treat(loss), loss).mean()

    def _treat(self, loss: Tensor) -> Tensor:
        if self.treatment == 'clamp':
            return loss.clamp(max=self.k)
        if self.treatment == 'pow':
            return (loss + 1e-9) ** self.k
        if self.treatment == 'ignore':
            return torch.where(loss > self.k, 0, loss)
        return loss
