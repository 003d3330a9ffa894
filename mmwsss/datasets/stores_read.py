"""Find the stores that a data set and its pipeline read, and check their contents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose

from mmwsss.stores import Store, StoreMismatch, StoreReader


class StoreUse(NamedTuple):
    """A store and the data set that reads it.

    Args:
        dataset: A data set with ``ids`` and ``metainfo``.
        store: What it, or one of its transforms, reads.
        reader: Name of the class that reads it.
    """

    dataset: Any
    store: Store
    reader: str


def stores_read(dataset: Any) -> list[StoreUse]:
    """Find the stores that a data set reads, through wrappers of data sets and of transforms.

    Args:
        dataset: A data set or a wrapper of some (``RepeatDataset``, ``ConcatDataset``, ...).

    Returns:
        Each store once for each data set, in the order of the pipeline.
    """
    uses = {(id(use.dataset), use.store.folder): use for use in _find(dataset, None)}
    return list(uses.values())


def require_stores(dataset: Any, key: str = 'train_dataloader.dataset') -> None:
    """Raise an error if a store lacks images of the data set or was made for other classes.

    Compares folder listings; no entry is read.

    Args:
        dataset: See :func:`stores_read`.
        key: Where the data set is in the config.

    Raises:
        StoreMismatch: Names the key, the store and the first images missing, or the classes.
    """
    for owner, store, reader in stores_read(dataset):
        # Proposals are of no classes.
        classes = None if store.meta.kind == 'proposals' else owner.metainfo['classes'][1:]
        try:
            store.require(classes=classes, ids=owner.ids)
        except StoreMismatch as error:
            raise StoreMismatch(f'{key} ({reader}): {error}') from None


def _find(node: Any, owner: Any) -> Iterator[StoreUse]:
    """Stores below a node; ``owner`` is the data set that it belongs to."""
    if hasattr(node, 'ids') and hasattr(node, 'pipeline'):
        owner = node
    if isinstance(node, StoreReader):
        yield from (StoreUse(owner, store, type(node).__name__) for store in node.stores())
    for child in _children(node):
        yield from _find(child, owner)


def _children(node: Any) -> list[Any]:
    """Data sets and transforms below a node, or collections in which they may be."""
    if isinstance(node, dict):
        return list(node.values())
    if isinstance(node, (list, tuple)):
        return list(node)
    if isinstance(node, (BaseTransform, Compose)):
        return list(vars(node).values())
    # Of a data set and its wrappers, which have no common base, only what holds others.
    own = getattr(node, '__dict__', {})
    return [own[name] for name in ('dataset', '_dataset', 'datasets', 'pipeline') if name in own]
