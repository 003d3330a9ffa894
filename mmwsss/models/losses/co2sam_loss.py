"""Losses of Co2SAM: compare a student's masks with those of two teachers."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.registry import MODELS


def focal_loss(probability: Tensor, target: Tensor, alpha: float, gamma: float = 2.0) -> Tensor:
    """Co2SAM's focal loss, ``alpha (1 - exp(-b))^gamma b`` with the mean binary cross entropy b.

    Unlike the usual focal loss, the factor is computed once from the mean, not for each pixel.

    Args:
        probability: In [0, 1]. Any shape.
        target: 0 or 1, float. Same shape.
        alpha: Factor.
        gamma: Exponent.
    """
    entropy = F.binary_cross_entropy(probability, target)
    return alpha * (1 - torch.exp(-entropy)) ** gamma * entropy


def dice_loss(probability: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """Dice loss over all masks, flattened into one vector.

    Args:
        probability: In [0, 1]. Any shape.
        target: 0 or 1, float. Same shape.
        smooth: Added to numerator and denominator.
    """
    both = (probability * target).sum()
    return 1 - (2 * both + smooth) / (probability.sum() + target.sum() + smooth)


def instance_entropy(logits: Tensor) -> Tensor:
    """Entropy of the softmax over instances, mean over pixels; 0 if n is 1. Shape: (n, H, W)."""
    chances = logits.softmax(0)
    return -(chances * torch.log(chances + 1e-10)).sum(0).mean()


@torch.no_grad()
def mask_iou(logits: Tensor, target: Tensor, threshold: float = 0.5) -> Tensor:
    """IoU of each pair of masks, thresholded logits. Shape: (n, H, W) to (n,).

    As published, the threshold is applied to logits, not to probabilities.
    """
    mask = (logits >= threshold).flatten(1).to(target)
    target = target.flatten(1)
    both = (mask * target).sum(1)
    return both / (mask.sum(1) + target.sum(1) - both + 1e-7)


def prototypes(embedding: Tensor, logits: Tensor) -> Tensor:
    """Prototype of each instance: the mean of normalised features, weighted by its mask.

    The weights are raw logits, so their sum may be near or below 0; as published, this is not
    guarded against.

    Args:
        embedding: Shape: (D, s, s).
        logits: Any size; resized to the embedding's. Shape: (n, h, w).

    Returns:
        Shape: (n, D).
    """
    size = embedding.shape[-2:]
    with torch.autocast(embedding.device.type, enabled=False):
        weights = logits.detach().float()[:, None]
        weights = F.interpolate(weights, size, mode='bilinear', align_corners=False).flatten(1)
        unit = F.normalize(embedding.float(), dim=0, eps=1e-12).flatten(1)
        return weights @ unit.T / weights.sum(1, keepdim=True)


def contrast_loss(own: Tensor, other: Tensor, temperature: float = 0.3) -> Tensor:
    """Contrastive loss: ``-log`` of the same-instance share of the summed similarities.

    It is a single ratio over the whole matrix; 0 for one instance.

    Args:
        own: Prototypes. Shape: (n, D).
        other: Prototypes of the same instances. Shape: (n, D).
        temperature: Divides the cosines.
    """
    similar = F.normalize(own, dim=1) @ F.normalize(other, dim=1).T / temperature
    return similar.flatten().logsumexp(0) - similar.diagonal().logsumexp(0)


class TeacherView(NamedTuple):
    """A teacher's masks and prototypes for an image with n boxes.

    Args:
        masks: Logits at full size; for the T-teacher only their sign matters. Shape: (n, H, W).
        prototypes: From :func:`prototypes`. Shape: (n, D).
    """

    masks: Tensor
    prototypes: Tensor


@MODELS.register_module()
class Co2SAMLoss(nn.Module):
    """All losses of Co2SAM for an image, with the published weights and quirks.

    Args:
        focal_weight: Weight of the focal term; 30 on VOC, 20 on COCO.
        entropy_weight: Weight of the entropy over instances; 1 on VOC, 0 on COCO (then left out).
        scale_by_boxes: As published, the number of boxes n is focal's alpha and dice's smoothing
            (an argument in the wrong place). If False they are ``alpha`` and 1.
        alpha: Factor of the focal term, read if not ``scale_by_boxes``.
        temperature: Temperature of the contrastive term.
    """

    def __init__(
        self,
        *,
        focal_weight: float = 30.0,
        entropy_weight: float = 1.0,
        scale_by_boxes: bool = True,
        alpha: float = 0.8,
        temperature: float = 0.3,
    ):
        super().__init__()
        self.focal_weight = focal_weight
        self.entropy_weight = entropy_weight
        self.scale_by_boxes = scale_by_boxes
        self.alpha = alpha
        self.temperature = temperature

    def forward(
        self, student: Tensor, iou: Tensor, u_teacher: TeacherView, template: TeacherView
    ) -> dict[str, Tensor]:
        """Compute the weighted losses of an image with n boxes, in single precision.

        Args:
            student: The student's logits on the strong view. Shape: (n, H, W).
            iou: Its predicted IoUs. Shape: (n,).
            u_teacher: The U-teacher's prediction on the weak view (with gradient).
            template: The T-teacher's prediction on the weak view.
        """
        u_teacher, template = (
            TeacherView(*(x.float() for x in view)) for view in (u_teacher, template)
        )
        with torch.autocast(student.device.type, enabled=False):
            return self._losses(student.float(), iou.float(), u_teacher, template)

    def _losses(
        self, student: Tensor, iou: Tensor, u_teacher: TeacherView, template: TeacherView
    ) -> dict[str, Tensor]:
        count = len(student)
        hard = (u_teacher.masks.detach() > 0).to(student)
        prior = (template.masks > 0).to(student)
        chance = student.sigmoid()
        alpha, smooth = (count, count) if self.scale_by_boxes else (self.alpha, 1)
        losses = dict(
            loss_focal=self.focal_weight * focal_loss(chance, hard, alpha),
            loss_dice=dice_loss(chance, hard, smooth),
            loss_iou=(iou - mask_iou(student.detach(), hard)).square().sum() / count,
            loss_template=0.5 * dice_loss(chance, prior)
            + 0.5 * dice_loss(u_teacher.masks.sigmoid(), prior),
            loss_contrast=contrast_loss(
                u_teacher.prototypes, template.prototypes, self.temperature
            ),
        )
        if self.entropy_weight:
            losses['loss_entropy'] = self.entropy_weight * instance_entropy(student)
        return losses
