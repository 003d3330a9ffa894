"""Train class activation maps with pseudo labels."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.ops.cam import normalize_cam
from mmwsss.registry import MODELS


@MODELS.register_module()
class CAMPseudoLabelLoss(nn.Module):
    """Cross entropy between normalised CAMs, used directly as logits, and a label map.

    The loss of CAM-based prompting in S2C (CVPR 2024), section 3.3, as released: maps after the
    ReLU are divided by their maxima (with gradient) at low resolution, resized (bilinear,
    align_corners False), kept for the image's classes; the background's logit is 1 minus their
    maximum. There is no temperature, and the mean runs over all pixels, padding too.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, *, loss_weight: float = 1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def logits(self, cam: Tensor, tags: Tensor, size: Sequence[int]) -> Tensor:
        """Compute the logits of the cross entropy. Shape: (N, C + 1, H, W), background last."""
        cam = normalize_cam(cam.float().relu())
        cam = F.interpolate(cam, list(size), mode='bilinear', align_corners=False)
        cam = cam * tags[..., None, None]
        return torch.cat([cam, 1 - cam.amax(1, keepdim=True)], 1)

    def forward(self, cam: Tensor, tags: Tensor, label: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            cam: Raw class activation maps. Shape: (N, C, h, w).
            tags: Multi-hot. Shape: (N, C).
            label: Class of each pixel, C for background. Shape: (N, H, W), int64.
        """
        logits = self.logits(cam, tags, label.shape[-2:])
        return self.loss_weight * F.cross_entropy(logits, label)
