"""Interface of proposers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from mmwsss.structures import Proposals


class Proposer(ABC):
    """Maps an image to class-agnostic masks.

    Attributes:
        runs_in: 'worker' for plain CPU code, which then runs in the DataLoader's processes, or
            'device' for a network.
    """

    runs_in: Literal['worker', 'device']

    def to(self, device: torch.device | str) -> Proposer:
        """Compute on this device from now on; plain CPU code ignores it."""
        return self

    @abstractmethod
    def __call__(self, image: np.ndarray) -> Proposals:
        """Propose masks, the best first.

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
        """

    def propose(self, images: Sequence[np.ndarray]) -> list[Proposals]:
        """Propose for several images of any sizes, one by one; networks override this with batches.

        Args:
            images: RGB. Shape: (H, W, 3) each, uint8.
        """
        return [self(image) for image in images]

    @abstractmethod
    def protocol(self) -> dict[str, Any]:
        """Settings as plain JSON, recorded in the store."""
