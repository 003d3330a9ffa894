"""Propagate maps between positions with similar features, as in SEAM's and ICAM's PCM."""

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-5


def propagate(maps: Tensor, features: Tensor, budget_mib: int = 256) -> Tensor:
    """Average maps over all positions, weighted by the cosine similarity of features.

    The pixel correlation module of SEAM (CVPR 2020, section 3.3) in ICAM's form:
    ``y = x A`` with ``A = relu(f^T f)`` divided by its column sums, where features are normalised.
    Nothing is detached.

    Columns are independent of each other. Without gradients they are computed in parts, so that
    never all (h w)^2 similarities are in memory. Computed in single precision even under mixed
    precision, because sums over all positions would overflow float16.

    Args:
        maps: Maps to propagate. Shape: (N, K, h, w).
        features: Shape: (N, D, h, w).
        budget_mib: Bound on the memory of the similarities without gradients, in MiB.

    Returns:
        Shape: (N, K, h, w).
    """
    with torch.autocast(features.device.type, enabled=False):
        features = features.flatten(2)
        features = features.to(torch.promote_types(features.dtype, torch.float32))
        features = features / (features.norm(dim=1, keepdim=True) + EPS)
        # The column sums are what a map of ones becomes.
        flat = F.pad(maps.flatten(2).to(features), (0, 0, 0, 1), value=1)
        number = features.shape[-1]
        at_once = number
        if not torch.is_grad_enabled():
            column = len(features) * number * features.element_size()
            at_once = max(1, budget_mib * 2**20 // column)
        parts = [flat @ (features.mT @ part).relu_() for part in features.split(at_once, 2)]
        walked = parts[0] if len(parts) == 1 else torch.cat(parts, 2)
        return (walked[:, :-1] / (walked[:, -1:] + EPS)).view(maps.shape).to(maps)
