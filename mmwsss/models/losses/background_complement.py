"""Loss that makes the background map the complement of the foreground map."""

import torch
from torch import Tensor, nn

from mmwsss.ops.max_norm import max_normalize
from mmwsss.registry import MODELS


@MODELS.register_module()
class BackgroundComplementLoss(nn.Module):
    """Difference between the refined background map and 1 minus the refined foreground map.

    The background loss of "Class Tokens Infusion for Weakly Supervised Semantic Segmentation" (CTI,
    CVPR 2024), as released: the foreground is the maximum over the tagged classes; both are refined
    by the attention between patches and normalised
    (:func:`~mmwsss.ops.max_norm.max_normalize`). In single precision under mixed precision too.

    Args:
        detach_foreground: Let no gradient flow into the convolutional maps of the foreground (it
            flows into their attention), as released for COCO.
        loss_weight: Factor of the loss.
    """

    def __init__(self, *, detach_foreground: bool = False, loss_weight: float = 0.1):
        super().__init__()
        self.detach_foreground = detach_foreground
        self.loss_weight = loss_weight

    def forward(
        self, cams: Tensor, class_attention: Tensor, patch_attention: Tensor, tags: Tensor
    ) -> Tensor:
        """Compute the loss, a scalar.

        Args:
            cams: Non-negative maps, background first. Shape: (N, 1 + C, h, w).
            class_attention: From class tokens to patches. Shape: (N, 1 + C, h, w).
            patch_attention: Between patches. Shape: (N, h * w, h * w).
            tags: Multi-hot. Shape: (N, C).
        """
        with torch.autocast(cams.device.type, enabled=False):
            maps = self.refined(cams, class_attention, patch_attention, tags)
            foreground, background = max_normalize(maps).unbind(1)
            return self.loss_weight * (1 - foreground - background).abs().mean()

    def refined(
        self, cams: Tensor, class_attention: Tensor, patch_attention: Tensor, tags: Tensor
    ) -> Tensor:
        """Foreground and background map before normalisation. Shape: (N, 2, h, w)."""
        cams, class_attention = cams.float(), class_attention.float()
        own = cams[:, 1:].detach() if self.detach_foreground else cams[:, 1:]
        tagged = own * class_attention[:, 1:] * tags[..., None, None]
        background = cams[:, :1] * class_attention[:, :1]
        return refine_maps(
            torch.cat([tagged.amax(1, keepdim=True), background], 1), patch_attention
        )


def refine_maps(maps: Tensor, patch_attention: Tensor) -> Tensor:
    """Let each patch take the values of the patches that it attends to, in single precision.

    Args:
        maps: Shape: (N, K, h, w).
        patch_attention: Rows are what a patch attends to. Shape: (N, h * w, h * w).

    Returns:
        Shape: (N, K, h, w), float32.
    """
    with torch.autocast(maps.device.type, enabled=False):
        return (maps.float().flatten(2) @ patch_attention.float().mT).view_as(maps)
