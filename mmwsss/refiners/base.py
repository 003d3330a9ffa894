"""Interface of refiners."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import numpy as np
import torch

from mmwsss.structures import Proposals, Seeds


class Refiner(ABC):
    """Maps the seeds of an image to better seeds, or to a mask.

    Attributes:
        runs_in: 'worker' for plain CPU code, which runs in the DataLoader's processes; 'device'
            for refiners that compute with torch, which go to a GPU if there is one.
        output: 'seeds' or 'mask'.
        needs_proposals: Whether it needs proposals.
        needs_evidence: Whether its call takes seeds of a second store too, as ``evidence``. Call
            a refiner that may be one of these through :func:`apply`.
        device: Where a device refiner computes; set with :meth:`to`.
    """

    runs_in: Literal['worker', 'device']
    output: Literal['seeds', 'mask']
    needs_proposals: bool = False
    needs_evidence: bool = False
    device: torch.device = torch.device('cpu')

    def to(self, device: torch.device | str) -> Refiner:
        """Compute on this device from now on."""
        self.device = torch.device(device)
        return self

    def place(self, device: torch.device | str) -> Literal['worker', 'device']:
        """Where it runs if the models' device is this one.

        Without a GPU the DataLoader's processes are the only ones that can share the work, so
        every refiner runs there.
        """
        return 'worker' if torch.device(device).type == 'cpu' else self.runs_in

    @abstractmethod
    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> Seeds | np.ndarray:
        """Refine one image's seeds.

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
            seeds: Of any resolution, with ``seeds.size == (H, W)``.
            proposals: Of the same image, where ``needs_proposals``.

        Returns:
            Seeds, or labels of shape (H, W), uint8: 0 background, class id + 1, 255 undecided.
        """

    @abstractmethod
    def protocol(self) -> dict[str, Any]:
        """Settings as plain JSON, with ``type`` and ``threshold_tuned_on_masks``."""


def apply(
    refiner: Refiner,
    image: np.ndarray,
    seeds: Seeds,
    proposals: Proposals | None = None,
    evidence: Seeds | None = None,
) -> Seeds | np.ndarray:
    """Call a refiner with what it needs.

    Args:
        refiner: Any; only those with ``needs_evidence`` have the argument ``evidence``.
        image: See :class:`Refiner`, as the seeds and proposals.
        seeds: What is refined.
        proposals: Of the same image, where ``needs_proposals``.
        evidence: Seeds of the same image from another source, where ``needs_evidence``.

    Returns:
        What the refiner returns.
    """
    more: dict[str, Any] = {'evidence': evidence} if refiner.needs_evidence else {}
    return refiner(image, seeds, proposals, **more)


def check_size(image: np.ndarray, seeds: Seeds) -> None:
    """Raise an error if the seeds do not have the image's size."""
    if image.shape[:2] != seeds.size:
        raise ValueError(f'the seeds are of an image of {seeds.size}, this one is {image.shape}')


def proposals_of(refiner: Refiner, seeds: Seeds, proposals: Proposals | None) -> Proposals:
    """Return the proposals; raise an error if there are none, or of another size."""
    if proposals is None or proposals.size != seeds.size:
        found = None if proposals is None else proposals.size
        raise ValueError(
            f'{type(refiner).__name__} needs proposals of size {seeds.size}, found {found}'
        )
    return proposals
