"""ICAM's classification loss on sampled positions."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from mmwsss.ops.probability import EPS, squeezed_logit
from mmwsss.registry import MODELS


@MODELS.register_module()
class ImportanceSamplingLoss(nn.Module):
    """Multi-label loss at positions sampled in proportion to each class's probability.

    `Importance Sampling CAMs for Weakly-Supervised Segmentation <https://arxiv.org/abs/2203.12459>`_
    (ICAM). For each image and class ``num_samples`` positions are drawn with replacement from the
    probability map divided by its sum. Each draw is a prediction for the image,
    :func:`~mmwsss.ops.probability.squeezed_logit` of the probability there, and gets the soft
    margin loss; the mean runs over images, classes and draws. Gradients reach the probabilities
    drawn, not the distribution that they were drawn from. The background takes no part.

    Draws come from torch's generator of the device, or from one that is given.

    Args:
        num_samples: Draws S for each image and class. None uses the expectation instead, which is
            noise-free.
        eps: Squeezes probabilities before the logit.
        loss_weight: Factor of the loss.

    Raises:
        ValueError: ``num_samples`` is below 1, or ``eps`` is not between 0 and 1.

    Example:
        >>> probs = torch.randn(2, 4, 5, 6).softmax(1)
        >>> loss = ImportanceSamplingLoss(num_samples=10)
        >>> loss(probs, torch.eye(3)[:2], generator=torch.Generator().manual_seed(0)).shape
        torch.Size([])
    """

    def __init__(
        self, *, num_samples: int | None = 100, eps: float = EPS, loss_weight: float = 1.0
    ):
        super().__init__()
        if num_samples is not None and num_samples < 1:
            raise ValueError(
                f'num_samples must be at least 1, or None for the expectation, found {num_samples}'
            )
        if not 0 < eps < 1:
            raise ValueError(f'eps must lie between 0 and 1, found {eps}')
        self.num_samples, self.eps, self.loss_weight = num_samples, eps, loss_weight

    def draw(self, maps: Tensor, generator: Generator | None = None) -> Tensor:
        """Draw positions, all maps in one call.

        Args:
            maps: Non-negative; one that is zero everywhere is drawn from uniformly.
                Shape: (N, K, h, w).
            generator: On the maps' device. Defaults to torch's.

        Returns:
            Flat positions ``y * w + x``. Shape: (N, K, S), int64.
        """
        assert self.num_samples is not None, 'the expectation draws nothing'
        rows = maps.detach().float().flatten(2).flatten(0, 1)
        rows = rows.clamp(min=torch.finfo(rows.dtype).tiny)
        drawn = torch.multinomial(rows, self.num_samples, replacement=True, generator=generator)
        return drawn.view(*maps.shape[:2], -1)

    def forward(
        self,
        probabilities: Tensor,
        tags: Tensor,
        positions: Tensor | None = None,
        generator: Generator | None = None,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            probabilities: Of all classes at each position, background first.
                Shape: (N, C + 1, h, w).
            tags: Multi-hot. Shape: (N, C).
            positions: Draws to use instead, as of :meth:`draw`. Shape: (N, C, S).
            generator: See :meth:`draw`.
        """
        maps = probabilities[:, 1:].float()
        if positions is None and self.num_samples is None:
            values = maps.flatten(2)
            share = values.detach()
            share = share / share.sum(2, keepdim=True).clamp(min=torch.finfo(share.dtype).tiny)
            return self.loss_weight * (share * self._losses(values, tags)).sum(2).mean()
        if positions is None:
            positions = self.draw(maps, generator)
        return self.loss_weight * self._losses(maps.flatten(2).gather(2, positions), tags).mean()

    def _losses(self, values: Tensor, tags: Tensor) -> Tensor:
        """Soft margin loss of each drawn value. Shape: (N, C, S)."""
        target = tags[..., None].to(values).expand_as(values)
        logits = squeezed_logit(values, self.eps)
        return F.binary_cross_entropy_with_logits(logits, target, reduction='none')
