"""The part of a data set that a store still lacks, one rank's share of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mmengine.dataset import pseudo_collate
from torch.utils.data import Dataset

from mmwsss.stores import BadEntry


class PendingBatch(NamedTuple):
    """A collated batch and the images that could not be loaded for it.

    Args:
        data: What ``model.test_step`` takes, or None if nothing could be loaded.
        bad: Images left out, with the reason.
    """

    data: dict[str, Any] | None
    bad: list[BadEntry]


class PendingDataset(Dataset):
    """Some positions of a data set, a bad image being reported instead of raised.

    Args:
        dataset: The whole data set.
        positions: Positions to serve, in order.
    """

    def __init__(self, dataset: Any, positions: Sequence[int]) -> None:
        self.dataset = dataset
        self.positions = list(positions)

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> dict[str, Any] | BadEntry:
        position = self.positions[index]
        try:
            return self.dataset[position]
        except (OSError, ValueError) as error:
            return BadEntry(self.dataset.ids[position], str(error))


def collate_pending(batch: list[dict[str, Any] | BadEntry]) -> PendingBatch:
    """Collate what could be loaded."""
    good = [sample for sample in batch if not isinstance(sample, BadEntry)]
    bad = [sample for sample in batch if isinstance(sample, BadEntry)]
    return PendingBatch(pseudo_collate(good) if good else None, bad)
