"""Let DataLoader workers cope with little shared memory, and fail clearly without it."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import reduce_tensor
from torch.utils.data import DataLoader

_SHARED = Path('/dev/shm')
# Containers have 64 MB unless told otherwise; a batch of photos at several scales has more.
_ENOUGH = 2**30
ADVICE = (
    'Give the container more shared memory (docker run --shm-size=8g), or set num_workers=0 or a '
    "smaller batch_size in the data's loader"
)


def shared_memory() -> int | None:
    """Free bytes of shared memory; None if the system does not tell."""
    try:
        state = os.statvfs(_SHARED)
    except (OSError, AttributeError):
        return None
    return state.f_bavail * state.f_frsize


def prepare_workers(loader: DataLoader) -> None:
    """Make a loader's workers use little shared memory, and exit if they cannot send a batch.

    With less than 1 GiB of it free, tensors go through pipes instead, which costs one more copy. A
    batch that cannot be sent ends the worker, and so the run; Python would print the error and wait
    for ever.
    """
    if loader.num_workers:
        free = shared_memory()
        loader.worker_init_fn = functools.partial(
            _start, then=loader.worker_init_fn, by_value=free is not None and free < _ENOUGH
        )


def _start(worker_id: int, *, then: Callable[[int], Any] | None, by_value: bool) -> None:
    """Initialise a worker."""
    Queue._on_queue_feeder_error = staticmethod(_end_worker)  # type: ignore[attr-defined] # private
    if by_value:
        ForkingPickler.register(Tensor, _reduce_by_value)
    if then is not None:
        then(worker_id)


def _reduce_by_value(tensor: Tensor) -> tuple:
    if tensor.layout is not torch.strided or tensor.requires_grad or tensor.device.type != 'cpu':
        return reduce_tensor(tensor)
    try:
        return torch.from_numpy, (tensor.numpy(),)
    except TypeError:  # numpy has no bfloat16
        return reduce_tensor(tensor)


def _end_worker(error: BaseException, batch: Any) -> None:
    """End a worker whose sending thread failed; otherwise the main process would wait for ever."""
    traceback.print_exception(error)
    reason = f'{type(error).__name__}: {error}'
    print(f'error: a DataLoader worker cannot send a batch ({reason}). {ADVICE}', file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)
