"""Background score computed from the class scores."""

import numpy as np


def alpha_background(scores: np.ndarray, alpha: float) -> np.ndarray:
    """Background score ``(1 - max_c score)^alpha`` of PSA; 1 without classes.

    Args:
        scores: In [0, 1]. Shape: (K, H, W).
        alpha: Exponent; a larger one gives less background.

    Returns:
        Shape: (H, W), float32.
    """
    return (1 - scores.max(0, initial=0)) ** np.float32(alpha)
