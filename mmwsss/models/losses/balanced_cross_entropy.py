"""Cross entropy in which background and foreground have equal weight."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class BalancedCrossEntropyLoss(nn.Module):
    """Cross entropy: half its mean over background pixels plus half its mean over foreground.

    The segmentation loss of ToCo and its descendants, and of WeCLIP. Means are over the whole
    batch, of all processes. Where one kind is missing its half is 0, as in SeCo, DuPL, MoRe and
    ExCEL; in the releases of ToCo and WeCLIP the loss is NaN there, and destroys the weights.

    Args:
        loss_weight: Factor of the loss.
        guarded: Count a missing half as 0. False gives NaN, as released.
    """

    def __init__(self, *, loss_weight: float = 1.0, guarded: bool = True):
        super().__init__()
        self.loss_weight, self.guarded = loss_weight, guarded

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            logits: Background first; resized to the labels (bilinear, align_corners False) where
                they are of another size. Shape: (N, K, h, w).
            labels: 0 background, 255 left out. Shape: (N, H, W).
        """
        logits = logits.float()
        if logits.shape[-2:] != labels.shape[-2:]:
            logits = F.interpolate(logits, labels.shape[-2:], mode='bilinear')
        losses = F.cross_entropy(logits, labels.long(), ignore_index=255, reduction='none')
        background = labels == 0
        kinds = background, ~background & (labels != 255)
        counts = torch.stack([kind.sum() for kind in kinds]).to(losses)
        all_reduce(counts)
        if self.guarded:
            counts = counts + 1e-6
        halves = [(losses * kind).sum() / count for kind, count in zip(kinds, counts, strict=True)]
        # Counts are over all processes, and gradients get averaged over processes: scale back.
        return self.loss_weight * get_world_size() * 0.5 * sum(halves)
