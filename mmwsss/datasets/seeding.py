"""Seed augmentation by (seed, epoch, index), so that a resumed run repeats it exactly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int, epoch: int, index: int) -> Iterator[None]:
    """Context with seeded Python, numpy and torch CPU generators; they are restored afterwards.

    Args:
        seed: Seed of the run, 0 or more.
        epoch: Epoch, 0 or more.
        index: Index of the sample, 0 or more.

    Example:
        >>> with seeded(0, 3, 17):
        ...     sample = pipeline(info)
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    words = np.random.SeedSequence((seed, epoch, index)).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.default_generator.manual_seed(int(words[2]))
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


class EpochCounter:
    """An epoch number in shared memory, visible to persistent DataLoader workers.

    It stays one counter through copies of the data set that owns it.
    """

    UNSEEDED = -1

    def __init__(self) -> None:
        self._epoch = torch.full((1,), self.UNSEEDED, dtype=torch.int64).share_memory_()

    @property
    def value(self) -> int:
        """The epoch; -1 means that nobody sets it, and samples are drawn unseeded."""
        return int(self._epoch)

    def set(self, epoch: int) -> None:
        """Enter an epoch (0 or more), or leave seeding with ``EpochCounter.UNSEEDED``."""
        self._epoch.fill_(epoch)

    def __copy__(self) -> EpochCounter:
        return self

    def __deepcopy__(self, memo: dict) -> EpochCounter:
        return self
