"""Cross entropy in which background and foreground count half each."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class BalancedCrossEntropyLoss(nn.Module):
    """Half the mean over background pixels plus half the mean over foreground pixels.

    The segmentation loss of ToCo and its descendants. Means are over the whole batch of a process.
    Where one kind is missing its half is 0, as in SeCo, DuPL, MoRe and ExCEL; ToCo's release is NaN
    there.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, *, loss_weight: float = 1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            logits: Background first. Shape: (N, K, H, W).
            labels: 0 background, 255 left out. Shape: (N, H, W).
        """
        losses = F.cross_entropy(logits.float(), labels.long(), ignore_index=255, reduction='none')
        background = labels == 0
        foreground = ~background & (labels != 255)
        halves = ((losses * kind).sum() / (kind.sum() + 1e-6) for kind in (background, foreground))
        return self.loss_weight * 0.5 * sum(halves)
