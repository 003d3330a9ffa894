"""Interface of networks that turn point prompts into masks during training."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmseg.structures import SegDataSample
from torch import Tensor


class PointMasks(NamedTuple):
    """Masks for P point prompts.

    Args:
        masks: Shape: (P, H, W), bool.
        confidence: Confidence of each pixel, on any scale. Shape: (P, H, W), float32.
    """

    masks: Tensor
    confidence: Tensor


class PointDecoder(ABC):
    """Base class that turns points into masks; frozen, and not a submodule of its user."""

    def __deepcopy__(self, memo: dict) -> 'PointDecoder':
        return self

    @abstractmethod
    def __call__(
        self,
        images: Tensor,
        samples: Sequence[SegDataSample],
        image: Sequence[int],
        points: Sequence[np.ndarray],
    ) -> PointMasks:
        """Predict one mask per prompt.

        Args:
            images: RGB, 0..255. Shape: (N, 3, H, W), float32.
            samples: N samples, for decoders that use what the pipeline loaded.
            image: Index of the image of each of P prompts.
            points: (x, y) in pixels of the images, all positive. Shape: (n, 2) each.
        """
