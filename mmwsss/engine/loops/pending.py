"""The images that a store still lacks, as the share of one rank."""

import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mmengine.dataset import pseudo_collate
from torch.utils.data import Dataset

from mmwsss.datasets.errors import ImageError
from mmwsss.engine.errors import StageFailed
from mmwsss.stores import StoreError, StoreMismatch


class LeftOut(NamedTuple):
    """An image that cannot be processed and is skipped; others may be fine.

    Args:
        id: Image id.
        reason: What is wrong with it.
        where: Key of the config at which it failed.
        error: Name of the exception's type.
    """

    id: str
    reason: str
    where: str
    error: str


class PendingBatch(NamedTuple):
    """A collated batch and the images that could not be loaded for it.

    Args:
        data: What ``model.test_step`` takes, or None if nothing could be loaded.
        bad: Images left out, with the reason.
    """

    data: dict[str, Any] | None
    bad: list[LeftOut]


class PendingDataset(Dataset):
    """Subset of a data set that reports a bad image instead of raising an error.

    Only what is about one image counts as such: a photo or an entry of a store that cannot be read
    or does not fit. Anything else would fail for the next image as well, and stops the stage.

    Args:
        dataset: The whole data set.
        positions: Positions to serve, in order.
        in_workers: The model's part that runs here, on each packed sample.
        key: Where the data set is in the config.

    Raises:
        StageFailed: On access, for an error that is not about one image; names the key of the
            config.
    """

    def __init__(
        self,
        dataset: Any,
        positions: Sequence[int],
        in_workers: Callable[[dict], dict] | None = None,
        *,
        key: str = 'test_dataloader.dataset',
    ) -> None:
        self.dataset = dataset
        self.positions = list(positions)
        self.in_workers = in_workers
        self.key = key

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> dict[str, Any] | LeftOut:
        position = self.positions[index]
        loaded = False
        try:
            sample = self.dataset[position]
            loaded = True
            return sample if self.in_workers is None else self.in_workers(sample)
        except Exception as error:
            where = 'model' if loaded else self._where(error)
            name, img_id = type(error).__name__, self.dataset.ids[position]
            about_image = isinstance(error, (ImageError, StoreError, OSError))
            if about_image and not isinstance(error, StoreMismatch):
                return LeftOut(img_id, str(error), where, name)
            raise StageFailed(f'{where}: {name} at image {img_id!r}: {error}') from error

    def _where(self, error: Exception) -> str:
        """Config key of the transform that raised an error."""
        transforms = self.dataset.pipeline.transforms
        for frame, _ in traceback.walk_tb(error.__traceback__):
            for index, transform in enumerate(transforms):
                if frame.f_locals.get('self') is transform:
                    return f'{self.key}.pipeline[{index}] ({type(transform).__name__})'
        return self.key


def collate_pending(batch: list[dict[str, Any] | LeftOut]) -> PendingBatch:
    """Collate the samples that could be loaded."""
    good = [sample for sample in batch if not isinstance(sample, LeftOut)]
    bad = [sample for sample in batch if isinstance(sample, LeftOut)]
    return PendingBatch(pseudo_collate(good) if good else None, bad)
