"""Interface of objects that read stores."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mmwsss.stores.base import Store


class StoreReader(ABC):
    """Interface of a transform or a data set that reads an entry of a store for each image.

    Who needs to know the stores of a stage asks this: the check before training, and the record of
    what a new store was made from.
    """

    @abstractmethod
    def stores(self) -> Sequence[Store]:
        """Paths of the stores that it reads."""
