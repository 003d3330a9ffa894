"""Interface of objects that read stores."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from mmwsss.stores.base import Store


class StoreReader(ABC):
    """Interface of a transform or a data set that reads an entry of a store for each image.

    It tells the check before training, and the record of a new store's parents, which stores a
    stage reads; its class tells the check of a recipe which kinds of stores it reads.
    """

    @classmethod
    def reads(cls) -> Mapping[str, str]:
        """Kind of the store that each of its options names, as ``{'store': 'masks'}``."""
        return {}

    @abstractmethod
    def stores(self) -> Sequence[Store]:
        """Paths of the stores that it reads."""
