"""Pooling of class activation maps to class scores."""

from torch import Tensor


def non_discriminative_pooling(cam: Tensor, tags: Tensor, threshold: float = 0.4) -> Tensor:
    """Pool each map without its most discriminative pixels (GNDRP of RIB, section 3.3).

    A present class's map keeps its values below ``threshold`` times its maximum; the sum of these
    is divided by the number of all pixels. Absent classes have their plain mean.

    Args:
        cam: Raw maps. Shape: (N, C, h, w).
        tags: Multi-hot. Shape: (N, C).
        threshold: Share of the maximum from which on values are left out.

    Returns:
        Class scores; which pixels are kept has no gradient. Shape: (N, C).
    """
    values = cam.detach()
    kept = (values / values.amax((-2, -1), keepdim=True) < threshold) | (tags == 0)[..., None, None]
    return (cam * kept).mean((-2, -1))
