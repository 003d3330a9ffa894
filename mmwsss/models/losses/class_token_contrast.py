"""Loss on class tokens: similar for crops that show an object, dissimilar for background crops."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class ClassTokenContrastLoss(nn.Module):
    """ToCo's class token contrast between global views (teacher) and local crops (student).

    `Token Contrast for Weakly-Supervised Semantic Segmentation <https://arxiv.org/abs/2303.01267>`_
    (CVPR 2023), as released. With ``e_jk = exp(t_j s_k / T)`` and n_j the sum of e_jk over an
    image's negative crops: the sum over its teacher vectors j of ``-log(e_jk / (e_jk + n_j))`` for
    every positive k and of ``-log(1 / (1 + n_j))``, divided by their number times the positives;
    mean over images. The second term is always there: the ``else`` of a loop in the released code.

    Args:
        temperature: T; 0.5 on VOC, 1 on COCO. Vectors are not normalised here.
        loss_weight: Factor of the loss.

    Raises:
        ValueError: The temperature is not positive.
    """

    EPS = 1e-4

    def __init__(self, *, temperature: float = 0.5, loss_weight: float = 1.0):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, found {temperature}')
        self.temperature, self.loss_weight = temperature, loss_weight

    def forward(self, student: Tensor, teacher: Tensor, positive: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            student: Vectors of all crops, crop-major: crop 0 of every image, then crop 1 of every
                image. Shape: (K * N, D).
            teacher: Vectors of the whole views, crop-major. Shape: (J * N, D).
            positive: 1 where a crop shows an object, else 0. Shape: (N, K).
        """
        number = len(positive)
        student, teacher = (x.float().unflatten(0, (-1, number)) for x in (student, teacher))
        with torch.autocast(student.device.type, enabled=False):
            products = teacher.transpose(0, 1) @ student.permute(1, 2, 0)
        # In logarithms: vectors of 1024 cosines have products whose exponentials overflow.
        similar = products / self.temperature
        positive = positive[:, None].to(similar)  # (N, 1, K)
        negatives = similar.masked_fill(positive > 0, -torch.inf)
        negatives = F.pad(negatives, (0, 1), value=math.log(self.EPS)).logsumexp(-1, keepdim=True)
        own = (torch.logaddexp(similar, negatives) - similar) * positive
        extra = F.softplus(negatives)  # log(1 + exp(x))
        count = positive.sum((1, 2)) + self.EPS
        loss = (own.sum((1, 2)) + extra.sum((1, 2))) / (len(teacher) * count)
        return self.loss_weight * loss.mean()
