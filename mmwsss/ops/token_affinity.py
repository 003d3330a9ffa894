"""How alike the tokens of an image are."""

import torch
import torch.nn.functional as F
from torch import Tensor


def token_affinity(features: Tensor) -> Tensor:
    """Affinity of tokens: the sigmoid of their dot products, neither scaled nor normalised.

    Args:
        features: Shape: (N, E, h, w).

    Returns:
        float32, in (0, 1). Shape: (N, h w, h w).
    """
    with torch.autocast(features.device.type, enabled=False):
        flat = features.float().flatten(2)
        return (flat.transpose(1, 2) @ flat).sigmoid()


def relative_cosines(features: Tensor) -> Tensor:
    """Three times the cosines of all pairs of places, less their mean over the whole batch.

    Args:
        features: Shape: (N, C, h, w).

    Returns:
        float32. Shape: (N, h w, h w).
    """
    with torch.autocast(features.device.type, enabled=False):
        unit = F.normalize(features.float().flatten(2), dim=1)
        cosine = unit.transpose(1, 2) @ unit
        return 3 * (cosine - cosine.mean())
