"""Finds out before the first iteration whether the stores hold every image of the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook

from mmwsss.registry import HOOKS
from mmwsss.stores import Store


@HOOKS.register_module()
class CheckStoresHook(Hook):
    """Refuse to train on a list of which a transform's store lacks images.

    Looks at every transform of the training pipeline that reads a store (``LoadProposals``,
    ``LoadSeeds``), through wrappers of data sets, and compares folder listings; no entry is read.
    """

    def before_train(self, runner: Any) -> None:
        """Raise a ``StoreMismatch`` that names the store and the first images missing."""
        for dataset in _tagged(runner.train_dataloader.dataset):
            for transform in dataset.pipeline.transforms:
                store = getattr(transform, 'store', None)
                if isinstance(store, Store):
                    store.require(ids=dataset.ids)


def _tagged(dataset: Any) -> Iterator[Any]:
    """Data sets with a list of ids, below wrappers."""
    if hasattr(dataset, 'ids') and hasattr(dataset, 'pipeline'):
        yield dataset
        return
    for part in getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]:
        if part is not None:
            yield from _tagged(part)
