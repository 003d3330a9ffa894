"""GradCAM of a softmax over text prompts, for all present classes in one pass."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Embed = Callable[[Tensor], Tensor]
Softmax = Callable[[Tensor, Tensor], Tensor]


def masked_softmax(logits: Tensor, mask: Tensor, eps: float = 1e-5) -> Tensor:
    """Softmax over the masked columns, as FMA-WSSS computes it.

    The maximum of *all* columns is subtracted, also of those outside the mask, and ``eps`` is added
    to the denominator: if a column outside is far larger, the result sums to less than 1.

    Args:
        logits: Shape: (..., G).
        mask: 0 or 1. Shape: (..., G).
        eps: Added to the sum.

    Returns:
        0 outside the mask. Shape: (..., G).
    """
    exponentials = (logits - logits.amax(-1, keepdim=True)).exp() * mask
    return exponentials / (exponentials.sum(-1, keepdim=True) + eps)


def present_softmax(logits: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the masked columns only, as CLIP-ES computes it.

    Args:
        logits: Shape: (..., G).
        mask: 0 or 1. Shape: (..., G).

    Returns:
        0 outside the mask. Shape: (..., G).
    """
    return logits.masked_fill(mask == 0, -torch.inf).softmax(-1)


class _Pullback(torch.autograd.Function):
    """Vector-Jacobian product ``J^T u`` of a frozen function, differentiable only in u.

    Plain double backward would also follow all paths to the function's input, which is a constant.
    This one follows only the path that is linear in ``u``.
    """

    @staticmethod
    def forward(ctx: Any, cotangent: Tensor, function: Embed, point: Tensor) -> Tensor:
        with torch.enable_grad():
            cotangent = cotangent.detach().requires_grad_()
            point = point.detach().requires_grad_()
            (pulled,) = torch.autograd.grad(function(point), point, cotangent, create_graph=True)
        ctx.cotangent, ctx.pulled = cotangent, pulled
        return pulled.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (pushed,) = torch.autograd.grad(ctx.pulled, ctx.cotangent, gradient)
        return pushed, None, None


def pull_back(function: Embed, point: Tensor, cotangent: Tensor) -> Tensor:
    """Compute the gradient of ``(function(point) * cotangent).sum()`` with respect to the point.

    Args:
        function: Row i of its value depends on row i of the point only; twice differentiable where
            the cotangent requires a gradient. Nothing else in it is differentiated.
        point: Shape: (P, ...).
        cotangent: Shape of the function's value. The result is differentiable (once) in it.

    Returns:
        Shape of the point.
    """
    if torch.is_grad_enabled() and cotangent.requires_grad:
        return _Pullback.apply(cotangent, function, point)
    with torch.enable_grad():
        point = point.detach().requires_grad_()
        (pulled,) = torch.autograd.grad(function(point), point, cotangent.detach())
    return pulled


def prompt_cotangents(
    features: Tensor,
    text: Tensor,
    scale: Tensor,
    mask: Tensor,
    classes: Tensor,
    softmax: Softmax = masked_softmax,
) -> Tensor:
    """Gradient of a class's masked probability with respect to the normalised image feature.

    ``u = scale * sum_g (d p_c / d S_g) * text_g``: the prompts enter a GradCAM only through it,
    linearly.

    Args:
        features: Normalised image features, constants. Shape: (P, E).
        text: Normalised text features. Shape: (G, E).
        scale: Factor of the cosines.
        mask: Prompts that take part, of each row. Shape: (P, G).
        classes: Prompt whose probability it is. Shape: (P,).
        softmax: Of logits and mask, (P, G) each: :func:`masked_softmax` or
            :func:`present_softmax`.

    Returns:
        Shape: (P, E); differentiable in ``text`` where that requires a gradient.
    """
    learn = torch.is_grad_enabled() and text.requires_grad
    with torch.enable_grad():
        logits = scale * features.detach() @ (text if learn else text.detach()).T
        if not learn:
            logits.requires_grad_()
        own = softmax(logits, mask)[torch.arange(len(classes), device=mask.device), classes]
        (gradient,) = torch.autograd.grad(own.sum(), logits, create_graph=learn)
    return scale * gradient @ text


def weigh_channels(hidden: Tensor, gradient: Tensor, grid: tuple[int, int]) -> Tensor:
    """Compute the GradCAM of tokens, without ReLU and normalisation.

    Args:
        hidden: Tokens with the class token first, taken as constants. Shape: (P, 1 + h w, D).
        gradient: Of the score, at these tokens. Shape: (P, 1 + h w, D).
        grid: (h, w).

    Returns:
        ``sum_d hidden_d * mean over patches of gradient_d``. Shape: (P, h, w).
    """
    weight = gradient[:, 1:].mean(1, keepdim=True)
    return (hidden[:, 1:].detach() * weight).sum(-1).unflatten(1, grid)


def cosine_logits(features: Tensor, text: Tensor, scale: Tensor) -> Tensor:
    """Scaled cosines of image and text features, in float32.

    Args:
        features: Shape: (N, E).
        text: Shape: (G, E).
        scale: Factor of the cosines.

    Returns:
        Shape: (N, G).
    """
    with torch.autocast(features.device.type, enabled=False):
        return scale * F.normalize(features.float(), dim=-1) @ F.normalize(text.float(), dim=-1).T
