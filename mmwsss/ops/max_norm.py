"""CTI's normalisation of class activation maps, in training and testing."""

from torch import Tensor

EPS = 1e-5


def max_normalize(maps: Tensor, eps: float = EPS) -> Tensor:
    """Stretch the positive part of each map to [0, 1).

    ``relu(p - min - eps) / (max - min + eps)`` with ``p = relu(maps)``, as the released code of
    "Class Tokens Infusion for Weakly Supervised Semantic Segmentation" (CVPR 2024) has it. Maximum
    and minimum carry gradient, where several pixels share them to one of these. A map without a
    positive value becomes 0.

    Args:
        maps: Any values. Shape: (..., h, w).
        eps: Subtracted from the map and added to its range.

    Returns:
        Maps in [0, 1), of the same shape.

    Example:
        >>> max_normalize(torch.tensor([[[0.0, 1.0], [2.0, 4.0]]])).flatten().tolist()
        [0.0, 0.2499968707561493, 0.4999962747097015, 0.9999949932098389]
    """
    positive = maps.relu()
    flat = positive.flatten(-2)
    top = flat.max(-1).values[..., None, None]
    bottom = flat.min(-1).values[..., None, None]
    return (positive - bottom - eps).relu() / (top - bottom + eps)
