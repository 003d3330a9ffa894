"""ICAM's feature-similarity loss, computed without a tensor of all pixel pairs."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmwsss.registry import MODELS

EPS = 1e-5
# Pairs in memory at a time: few enough for a CPU's cache, more on other devices.
_PAIRS = {'cpu': 2**18}
_PAIRS_ELSEWHERE = 2**25


@MODELS.register_module()
class FeatureSimilarityLoss(nn.Module):
    """Make predictions agree for near pixels of similar colour and differ for dissimilar ones.

    `Importance Sampling CAMs for Weakly-Supervised Segmentation <https://arxiv.org/abs/2203.12459>`_
    (ICAM): over all ordered pairs of pixels of an image,

    ``-1 / (n h w) sum k_ij |q_i - q_j|^2 tanh(mu + log((D_ij + e) / (1 - D_ij + e)))``

    with probabilities q over all classes, D the mean absolute difference of the colours, e = 1e-5,
    and k a Gaussian of the distance. The gate (tanh) is -1 for equal colours, +1 for opposite ones.

    With ``W_ij = k_ij gate_ij``, which is symmetric and constant, this is a quadratic form of q. A
    few rows of W at a time are computed, multiplied with q and discarded; the gradient is a
    by-product of the forward pass. So memory does not grow with the square of the grid.

    Args:
        mu: Sets the colour difference beyond which pixels are pushed apart: ``sigmoid(-mu)``.
        sigma: Deviation of the Gaussian, in cells of the grid. None weighs all pairs alike,
            ``1 / (h w)``.
        loss_weight: Factor of the loss.

    Raises:
        ValueError: ``sigma`` is not positive.
    """

    def __init__(self, *, mu: float = 2.5, sigma: float | None = 5.0, loss_weight: float = 1.0):
        super().__init__()
        if sigma is not None and sigma <= 0:
            raise ValueError(f'sigma must be positive, or None for equal weights, found {sigma}')
        self.mu, self.sigma, self.loss_weight = mu, sigma, loss_weight

    def forward(self, probabilities: Tensor, images: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            probabilities: Of all classes, background among them. Shape: (N, C + 1, h, w).
            images: Colours at the same size, in [0, 1]; what lies outside is clamped. They get no
                gradient. Shape: (N, 3, h, w).

        Raises:
            ValueError: The sizes differ.
        """
        if images.shape[-2:] != probabilities.shape[-2:] or len(images) != len(probabilities):
            raise ValueError(
                f'images of {tuple(images.shape)} and probabilities of '
                f'{tuple(probabilities.shape)} differ in number or size: resize the images'
            )
        images = images.detach().float().clamp(0, 1)
        # In single precision even under mixed precision: the sums run over millions of pairs.
        with torch.autocast(probabilities.device.type, enabled=False):
            loss = _Quadratic.apply(probabilities.float(), images, self.mu, self.sigma)
        return self.loss_weight * loss


def _gate(difference: Tensor, mu: float) -> Tensor:
    """Compute ``tanh(mu + log((D + e) / (1 - D + e)))`` in place, without tanh and log.

    With u the quotient it is ``(exp(2 mu) u^2 - 1) / (exp(2 mu) u^2 + 1)``.
    """
    scale = math.exp(mu)
    near = (difference + EPS).mul_(scale).square_()
    far = difference.neg_().add_(1 + EPS).square_()
    total = near + far
    return near.sub_(far).div_(total)


def _axis_kernel(size: int, sigma: float, like: Tensor) -> Tensor:
    """``exp(-d^2 / (2 sigma^2))`` along an axis. Shape: (size, size)."""
    place = torch.arange(size, device=like.device, dtype=like.dtype)
    return ((place[:, None] - place).square() * (-0.5 / sigma**2)).exp()


class _Quadratic(torch.autograd.Function):
    """Autograd function of the loss that computes the gradient already in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any, probabilities: Tensor, images: Tensor, mu: float, sigma: float | None
    ) -> Tensor:
        number, _, height, width = probabilities.shape
        size = height * width
        q = probabilities.flatten(2).mT.contiguous()  # (N, h w, C + 1)
        colours = images.flatten(2).mT.contiguous()
        if sigma is not None:
            # The Gaussian is separable: a product of one factor per axis.
            vertical = _axis_kernel(height, sigma, q) / (2 * math.pi * sigma**2)
            horizontal = _axis_kernel(width, sigma, q)
        pairs = _PAIRS.get(q.device.type, _PAIRS_ELSEWHERE)
        rows = max(1, pairs // size)
        gradient = torch.empty_like(q)
        for own, colour, out in zip(q, colours, gradient, strict=True):
            for start in range(0, size, rows):
                part = slice(start, start + rows)
                difference = torch.cdist(colour[part], colour, p=1).div_(3).clamp_(max=1)
                weights = _gate(difference, mu)
                if sigma is None:
                    weights.div_(size)
                else:
                    row, column = _places(start, len(weights), width, q.device)
                    grid = weights.view(-1, height, width)
                    grid.mul_(vertical[row][:, :, None]).mul_(horizontal[column][:, None])
                torch.mul(weights.sum(1, keepdim=True), own[part], out=out[part])
                out[part].addmm_(weights, own, alpha=-1)
        gradient.mul_(-4 / (number * size))
        ctx.save_for_backward(gradient.mT.reshape(probabilities.shape))
        return 0.5 * (gradient * q).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return gradient * ctx.saved_tensors[0], None, None, None


def _places(start: int, count: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the row and column of consecutive flat positions."""
    place = torch.arange(start, start + count, device=device)
    return place.div(width, rounding_mode='floor'), place % width
