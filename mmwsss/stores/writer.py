"""Interface of models whose predictions a test stage writes to a store."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StoreOutput:
    """Description of what a model writes to a store.

    Args:
        kinds: Kinds of store that it can fill, the usual one first. The samples that it returns
            hold ``seeds`` for 'scores', ``pred_sem_seg`` for 'masks', ``proposals`` or ``prompts``.
        protocol: How it predicts, as plain JSON, for the store's record.
        refiner: Record of the refiner that it applies last, if it refines.
        in_workers: Applied to each packed sample in the DataLoader's processes, for models whose
            work is plain CPU code. Must be picklable.
        network_in_workers: What is applied there is a network; under autocast it has to stay in
            the main process.
        untrained: Nothing that is trained takes part: a test needs no checkpoint.
    """

    kinds: tuple[str, ...]
    protocol: dict[str, Any] = field(default_factory=dict)
    refiner: dict[str, Any] | None = None
    in_workers: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    network_in_workers: bool = False
    untrained: bool = False


class StoreWriter(ABC):
    """Interface of a model whose predictions a store stage (``StoreTestLoop``) keeps.

    mmseg's segmentors need not implement it: their ``pred_sem_seg`` is stored.
    """

    @abstractmethod
    def store_output(self) -> StoreOutput:
        """Describe what the model writes; called once the model is built."""
