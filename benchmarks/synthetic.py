"""Seeds and masks like those of VOC, made up."""

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from mmwsss.structures import Seeds

CLASSES = tuple(f'class{k}' for k in range(20))
SIZE = (375, 500)


def image(index: int) -> tuple[Seeds, np.ndarray]:
    """Smooth full-size seeds of 1 to 3 classes, and a mask that resembles them."""
    rng = np.random.RandomState(index)
    classes = np.sort(rng.choice(20, rng.randint(1, 4), replace=False))
    coarse = gaussian_filter(rng.rand(len(classes), 48, 64), (0, 4, 4))
    maps = zoom(coarse, (1, SIZE[0] / 48, SIZE[1] / 64), order=1)
    low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    scores = ((maps - low) / (high - low + 1e-5)).astype(np.float32)
    noisy = scores + gaussian_filter(rng.randn(*scores.shape), (0, 6, 6))
    mask = np.where(noisy.max(0) > 0.5, classes[noisy.argmax(0)] + 1, 0).astype(np.uint8)
    mask[rng.rand(*SIZE) < 0.03] = 255
    return Seeds(classes, scores), mask
