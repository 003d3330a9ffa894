"""Tells training data sets which epoch it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop

from mmwsss.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed augmentation by (seed of the run, epoch, index).

    A run that is resumed at an epoch then draws what the uninterrupted one would have drawn,
    whatever the number of workers. Iteration-based loops do not know their epoch, and wrappers
    that show one image several times in an epoch would repeat its augmentation: both stay unseeded.
    """

    def before_train(self, runner: Any) -> None:
        """Give data sets without a seed of their own that of the run."""
        self._datasets = []
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            return
        self._datasets = list(_counted(runner.train_dataloader.dataset))
        for dataset in self._datasets:
            if dataset.seed is None:
                dataset.seed = runner.seed

    def before_train_epoch(self, runner: Any) -> None:
        """Enter the epoch; workers that live on see it too."""
        for dataset in self._datasets:
            dataset.epoch_counter.set(runner.epoch)


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
