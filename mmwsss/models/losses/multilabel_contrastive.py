"""Classification loss that contrasts each present class with all absent ones."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from mmwsss.registry import MODELS

Reduction = Literal['pos_mean', 'sample_mean']


@MODELS.register_module()
class MultiLabelContrastiveLoss(nn.Module):
    """Softmax cross entropy of each present class against all absent classes.

    The classification loss of FMA-WSSS (WACV 2024), as released: for image n and each of its
    classes c, ``log(exp(S_nc) + sum_{absent j} exp(S_nj)) - S_nc``. Images without any class, or
    with all of them, are left out; if none is left the loss is 0.

    Args:
        reduction: ``'pos_mean'``, the mean over all pairs of image and present class (published),
            or ``'sample_mean'``, first over each image's classes.
        gamma: Factor of the logits; None for 1.
        loss_weight: Factor of the loss.
    """

    def __init__(
        self,
        *,
        reduction: Reduction = 'pos_mean',
        gamma: float | None = None,
        loss_weight: float = 1.0,
    ):
        super().__init__()
        if reduction not in get_args(Reduction):
            raise ValueError(f'reduction must be one of {get_args(Reduction)}, found {reduction!r}')
        self.reduction, self.loss_weight = reduction, loss_weight
        self.gamma = 1.0 if gamma is None else gamma

    def forward(self, logits: Tensor, tags: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            logits: Shape: (N, C).
            tags: Multi-hot. Shape: (N, C).
        """
        positive = tags > 0
        valid = positive.any(1) & ~positive.all(1)
        if not valid.any():
            return 0 * logits.mean()
        logits, positive = self.gamma * logits[valid].float(), positive[valid]
        absent = logits.masked_fill(positive, -torch.inf).logsumexp(1, keepdim=True)
        losses = torch.logaddexp(logits, absent) - logits
        if self.reduction == 'pos_mean':
            return self.loss_weight * losses[positive].mean()
        means = (losses * positive).sum(1) / positive.sum(1)
        return self.loss_weight * means.mean()
