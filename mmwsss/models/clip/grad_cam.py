"""GradCAM of a CLIP's image encoder, for pairs of image and class."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.ops.grad_cam import (
    Softmax,
    masked_softmax,
    prompt_cotangents,
    pull_back,
    weigh_channels,
)


def competing(tags: Tensor, prompts: int) -> Tensor:
    """Mark the prompts in each image's softmax: its classes and all background prompts.

    Args:
        tags: Multi-hot. Shape: (N, C).
        prompts: Number G of prompts, the classes first.

    Returns:
        0 or 1. Shape: (N, G).
    """
    rest = tags.new_ones((len(tags), prompts - tags.shape[1]))
    return torch.cat([(tags > 0).to(tags), rest], 1)


def clip_grad_cam(
    clip: CLIP,
    image: CLIPTokens,
    tags: Tensor,
    text: Tensor,
    *,
    softmax: Softmax = masked_softmax,
    scale: Tensor | None = None,
) -> Tensor:
    """Compute raw maps of all pairs of image and tag, differentiable in the text features.

    The map of a class is the GradCAM of its probability, in a softmax over the image's classes and
    all background prompts, at the input of the last block. All pairs share one backward pass.

    Args:
        clip: The network.
        image: N images from :meth:`CLIP.encode`.
        tags: Multi-hot. Shape: (N, C).
        text: Normalised features of all prompts, the classes first. Shape: (G, E).
        softmax: Form of the softmax, see :func:`~mmwsss.ops.grad_cam.prompt_cotangents`.
        scale: Factor of the cosines. Defaults to CLIP's own.

    Returns:
        In the order of ``tags.nonzero()``. Shape: (P, h, w).
    """
    number, classes = (tags > 0).nonzero(as_tuple=True)
    tokens, hidden = image.tokens[number], image.hidden[number]

    def embed(point: Tensor) -> Tensor:
        return F.normalize(clip.features(tokens, point), dim=-1)

    if not len(number):
        return text.sum() * tokens.new_zeros((0, *image.grid))
    scale = clip.scale if scale is None else scale
    # Gradients of single tokens are too small for float16, and loss scaling does not apply here.
    with torch.autocast(tokens.device.type, enabled=False):
        with torch.no_grad():
            features = embed(hidden)
        mask = competing(tags, len(text))[number]
        cotangents = prompt_cotangents(features, text, scale, mask, classes, softmax)
        return weigh_channels(hidden, pull_back(embed, hidden, cotangents), image.grid)
