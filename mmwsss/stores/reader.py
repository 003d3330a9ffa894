"""Interface of objects that read stores."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mmwsss.stores.base import Store


class StoreReader(ABC):
    """Interface of a transform or a data set that reads an entry of a store for each image.

    It tells the check before training, and the record of a new store's parents, which stores a
    stage reads.
    """

    @abstractmethod
    def stores(self) -> Sequence[Store]:
        """Paths of the stores that it reads."""
