"""Loss that makes two sets of class activation maps agree."""

import torch
from torch import Tensor, nn

from mmwsss.ops.max_norm import max_normalize
from mmwsss.registry import MODELS


@MODELS.register_module()
class MapAgreementLoss(nn.Module):
    """Mean absolute difference of normalised CAMs; both sets receive gradients.

    The losses of intra- and cross-image infusion of "Class Tokens Infusion for Weakly Supervised
    Semantic Segmentation" (CTI, CVPR 2024); see
    :func:`~mmwsss.ops.max_norm.max_normalize`. In single precision under mixed precision too.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, *, loss_weight: float = 1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, maps: Tensor, others: Tensor) -> Tensor:
        """Compute the loss, a scalar.

        Args:
            maps: Shape: (N, K, h, w).
            others: Shape: (N, K, h, w).
        """
        with torch.autocast(maps.device.type, enabled=False):
            first, second = max_normalize(maps.float()), max_normalize(others.float())
            return self.loss_weight * (first - second).abs().mean()
