"""Check many entries in several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmwsss.stores.base import Store

_SHARE = 512  # so few entries are not worth starting processes


class BadEntry(NamedTuple):
    """An entry that cannot be used, and why."""

    id: str
    reason: str


def verify_entries(store: Store, ids: Sequence[str]) -> list[BadEntry]:
    """Read entries in full and return the broken ones, in the order given."""
    workers = min(usable_cores(), len(ids) // _SHARE)
    if workers < 2 or multiprocessing.current_process().daemon:
        return _read(store, ids)
    parts = [(store, ids[start : start + _SHARE]) for start in range(0, len(ids), _SHARE)]
    context = multiprocessing.get_context('fork' if os.name == 'posix' else 'spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return [entry for part in pool.map(_read, *zip(*parts, strict=True)) for entry in part]


def usable_cores() -> int:
    """Number of cores that this process may use; its share if a launcher started several."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    return max(1, (cores or 1) // int(os.environ.get('LOCAL_WORLD_SIZE', 1)))


def _read(store: Store, ids: Sequence[str]) -> list[BadEntry]:
    bad = []
    for id in ids:
        try:
            store.decode(store.path(id))
        except FileNotFoundError:
            bad.append(BadEntry(id, 'missing'))
        except Exception as error:
            bad.append(BadEntry(id, str(error) or type(error).__name__))
    return bad
