"""Loss that makes patch tokens of one class similar and tokens of different classes dissimilar."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class PatchTokenContrastLoss(nn.Module):
    """ToCo's patch token contrast, which prevents the last block's tokens from becoming uniform.

    `Token Contrast for Weakly-Supervised Semantic Segmentation <https://arxiv.org/abs/2303.01267>`_
    (CVPR 2023), as released: with S the absolute cosine of two tokens of an image,
    ``0.5 (1 - sum S / (n + 1))`` over the n pairs with equal labels (background too) plus
    ``0.5 sum S / (m + 1)`` over the m others. Sums run over the whole batch of a process, so that
    two processes with half a batch each do not average to one with all of it.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, *, loss_weight: float = 1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of a batch.

        Args:
            features: Shape: (N, D, h, w).
            labels: Labels of the tokens; 255 is ignored. Shape: (N, h, w).
        """
        with torch.autocast(features.device.type, enabled=False):
            unit = F.normalize(features.float().flatten(2), dim=1, eps=1e-8)
            similarity = (unit.mT @ unit).abs()
        pairs = pair_targets(labels)
        same, other = pairs == 1, pairs == 0
        positive = (similarity * same).sum() / (same.sum() + 1)
        negative = (similarity * other).sum() / (other.sum() + 1)
        return self.loss_weight * 0.5 * (1 - positive + negative)


def pair_targets(labels: Tensor) -> Tensor:
    """Label each pair of tokens as same class, different class or ignored.

    Args:
        labels: 255 is undecided. Shape: (N, h, w).

    Returns:
        1 for equal labels, 0 for different ones, 255 where one is undecided and on the diagonal.
        Shape: (N, h * w, h * w), uint8.
    """
    flat = labels.flatten(1)
    targets = (flat[:, :, None] == flat[:, None]).to(torch.uint8)
    unknown = flat == 255
    targets[unknown[:, :, None] | unknown[:, None]] = 255
    targets.diagonal(dim1=1, dim2=2).fill_(255)
    return targets
