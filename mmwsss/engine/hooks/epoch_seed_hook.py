"""Tell training data sets the current epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.dataset import ClassBalancedDataset, InfiniteSampler, RepeatDataset
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop

from mmwsss.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed augmentation by (seed of the run, epoch, index).

    A run that is resumed then draws what the uninterrupted one would have drawn, whatever the
    number of workers. In an iteration-based loop an epoch is a pass of the sampler over the data
    set, and passes that are over are not loaded again at a resume. Samplers without passes
    (``InfiniteSampler``) stay unseeded, and so do wrappers that show one image several times in an
    epoch: its augmentation would be repeated.
    """

    def before_train(self, runner: Any) -> None:
        """Give the run's seed to data sets without a seed of their own."""
        self._datasets = []
        loop, loader = runner.train_loop, runner.train_dataloader
        by_iteration = isinstance(loop, IterBasedTrainLoop)
        if by_iteration and not hasattr(_sampler(loader), 'set_epoch'):
            return
        self._datasets = list(_counted(loader.dataset))
        for dataset in self._datasets:
            if dataset.seed is None:
                dataset.seed = runner.seed
        if by_iteration:
            loop.dataloader_iterator = _Passes(loader, self._datasets, loop.iter)
            self._datasets = []

    def before_train_epoch(self, runner: Any) -> None:
        """Set the epoch, also in persistent workers."""
        for dataset in self._datasets:
            dataset.epoch_counter.set(runner.epoch)


class _Passes:
    """Endless iterator over batches that tells sampler and data sets about each new pass.

    Takes the place of mmengine's iterator, which prefetches before anybody can set a seed.

    Args:
        loader: DataLoader whose sampler has passes.
        datasets: Data sets with an epoch counter.
        done: Batches that a resumed run has seen; the loop will ask for as many and discard them.
    """

    def __init__(self, loader: Any, datasets: list, done: int) -> None:
        self._loader, self._datasets = loader, datasets
        self._epoch = done // len(loader)
        self._discard = self._epoch * len(loader)
        # The first pass begins when it is asked for: other hooks still touch the sampler.
        self._batches: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._discard:
            self._discard -= 1
            return None
        if self._batches is None:
            self._batches = self._start()
        try:
            return next(self._batches)
        except StopIteration:
            self._epoch += 1
            self._batches = self._start()
            return next(self._batches)

    def _start(self) -> Iterator[Any]:
        _sampler(self._loader).set_epoch(self._epoch)
        for dataset in self._datasets:
            dataset.epoch_counter.set(self._epoch)
        return iter(self._loader)


def _sampler(loader: Any) -> Any:
    """The sampler of a loader if it has passes, or None."""
    sampler = getattr(loader, 'sampler', None)
    return None if isinstance(sampler, InfiniteSampler) else sampler


def _counted(dataset: Any) -> Iterator[Any]:
    """Data sets with an epoch counter, below wrappers."""
    if hasattr(dataset, 'epoch_counter'):
        yield dataset
    elif isinstance(dataset, (RepeatDataset, ClassBalancedDataset)):
        print_log(f'{type(dataset).__name__}: its augmentation is not seeded by epoch', 'current')
    else:
        inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
        for part in inner:
            if part is not None:
                yield from _counted(part)
