"""Dice loss of a whole batch."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class BatchDiceLoss(nn.Module):
    """Dice loss ``1 - mean over classes of 2 I / (U + eps)``, summed over batch and pixels.

    ``I`` is the probability of a class on its pixels, ``U`` its probability everywhere plus the
    number of its pixels (WeCLIP+). Absent classes count with 0: where 3 of 21 classes are present,
    the loss is at least .857. mmseg's ``DiceLoss`` sums over one image.

    Args:
        count_ignored: The probability of pixels that are labelled 255 counts in ``U``, as released.
            False leaves them out.
        eps: Added to ``U``.
    """

    def __init__(self, *, count_ignored: bool = True, eps: float = 1e-7) -> None:
        super().__init__()
        self.count_ignored, self.eps = count_ignored, eps

    def forward(self, logits: Tensor, label: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            logits: Shape: (N, K, H, W).
            label: 0..K-1, or 255. Shape: (N, H, W).
        """
        probability, known = logits.float().softmax(1), label != 255
        target = F.one_hot(label.long().masked_fill(~known, 0), logits.shape[1]).movedim(-1, 1)
        target = target * known[:, None]
        counted = probability if self.count_ignored else probability * known[:, None]
        sums = torch.stack(
            [(probability * target).sum((0, 2, 3)), (counted + target).sum((0, 2, 3))]
        )
        others = sums.detach().clone()
        all_reduce(others)
        intersection, union = sums + (others - sums.detach())
        loss = 1 - (2 * intersection / (union + self.eps)).mean()
        # Sums are over all processes, and gradients get averaged over processes: scale back.
        world = get_world_size()
        return world * loss - (world - 1) * loss.detach()
