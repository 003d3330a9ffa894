"""What answers point prompts in training."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmseg.structures import SegDataSample
from torch import Tensor


class PointMasks(NamedTuple):
    """Answers to P prompts.

    Args:
        masks: Shape: (P, H, W), bool.
        confidence: How sure the decoder is of a pixel; any scale. Shape: (P, H, W), float32.
    """

    masks: Tensor
    confidence: Tensor


class PointDecoder(ABC):
    """Turns points on images into masks; frozen, and no part of the model that holds it."""

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
        """Answer each prompt with one mask.

        Args:
            images: RGB, 0..255. Shape: (N, 3, H, W), float32.
            samples: N samples, for decoders that use what the pipeline loaded.
            image: Image of each of P prompts.
            points: (x, y) in pixels of the images, all positive. Shape: (n, 2) each.
        """
