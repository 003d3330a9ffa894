"""Apply several refiners one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mmwsss.refiners.base import Refiner, apply, build_refiner
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class Chain(Refiner):
    """Apply refiners in order; all but the last must return seeds.

    The chain runs in the DataLoader's workers only if all its refiners do.

    Args:
        refiners: Configs or refiners, in order.

    Raises:
        TypeError: One of them is no refiner, or lacks a method.
        ValueError: The list is empty, a refiner before the last returns a mask, or what one says of
            itself is incomplete.
    """

    def __init__(self, refiners: Sequence[dict | Refiner]) -> None:
        self.refiners = [build_refiner(part) for part in refiners]
        if not self.refiners:
            raise ValueError('a chain needs at least one refiner')
        for part in self.refiners[:-1]:
            if part.output != 'seeds':
                raise ValueError(
                    f'{type(part).__name__} gives a mask, so it must be the last of the chain '
                    f'{[type(p).__name__ for p in self.refiners]}'
                )
        self.output = self.refiners[-1].output
        self.needs_proposals = any(part.needs_proposals for part in self.refiners)
        self.needs_evidence = any(part.needs_evidence for part in self.refiners)
        on_device = any(part.runs_in == 'device' for part in self.refiners)
        self.runs_in = 'device' if on_device else 'worker'

    def to(self, device: torch.device | str) -> Chain:
        """Compute on this device from now on."""
        for part in self.refiners:
            part.to(device)
        self.device = torch.device(device)
        return self

    def __call__(
        self,
        image: np.ndarray,
        seeds: Seeds,
        proposals: Proposals | None = None,
        evidence: Seeds | None = None,
    ) -> Seeds | np.ndarray:
        """Apply each refiner in turn; see :class:`Refiner`."""
        result: Any = seeds
        for part in self.refiners:
            result = apply(part, image, result, proposals, evidence)
        return result

    def protocol(self) -> dict[str, Any]:
        """Protocols of all refiners."""
        parts = [part.protocol() for part in self.refiners]
        return {
            'type': 'Chain',
            'refiners': parts,
            'threshold_tuned_on_masks': any(p['threshold_tuned_on_masks'] for p in parts),
        }
