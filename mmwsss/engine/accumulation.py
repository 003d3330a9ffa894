"""Gradient accumulation: a training step in parts, for batches that do not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel, MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


class AccumulatedStep:
    """Replaces a model's ``train_step``: several passes, then one optimiser step.

    Unlike mmengine's ``accumulative_counts``, which makes several iterations one step, an
    iteration stays a step: schedules, intervals and logs count the same with any number of parts.
    Each part counts by its share of the images. Batch normalisation sees one part at a time, and a
    loss that is no mean over images becomes the mean over parts, as between processes.

    Args:
        model: The model, wrapped or not.
        at_once: Images per part.
    """

    def __init__(self, model: BaseModel | MMDistributedDataParallel, at_once: int) -> None:
        self.model, self.at_once = model, at_once
        self._step = model.train_step

    def __call__(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Do one step.

        Args:
            data: A collated batch: containers of lists and tensors of one length. A list of lists
                holds one list per view of the images.
            optim_wrapper: What steps; a plain ``OptimWrapper`` or ``AmpOptimWrapper``.

        Returns:
            The mean of what the parts log.
        """
        count = _length(data)
        logged: dict[str, Any] = {}
        hub = MessageHub.get_current_instance()
        try:
            for start in range(0, count, self.at_once):
                stop = min(start + self.at_once, count)
                weight = (stop - start) / count
                part = _Part(optim_wrapper, weight, last=stop == count)
                # What happens once a step, as a teacher's update, is for the first part.
                hub.update_info('part_of_step', start // self.at_once)
                outputs = self._step(_cut(data, start, stop), optim_wrapper=part)
                for name, value in outputs.items():
                    logged[name] = logged.get(name, 0) + weight * value
        finally:
            hub.update_info('part_of_step', 0)
        return logged


class _Part:
    """Stands in for the optimiser wrapper while a part of the batch is processed."""

    def __init__(self, optim_wrapper: OptimWrapper, weight: float, *, last: bool) -> None:
        self._wrapper, self._weight, self._last = optim_wrapper, weight, last

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Synchronise gradients between processes only at the last part."""
        with self._wrapper.optim_context(model):
            if self._last or not isinstance(model, DistributedDataParallel):
                yield
            else:
                with model.no_sync():
                    yield

    def update_params(self, loss: Tensor) -> None:
        """Add the gradients of this part; after the last one, step."""
        if self._last:
            self._wrapper.update_params(loss * self._weight)
        else:
            self._wrapper.backward(loss * self._weight)


def _length(data: Any) -> int:
    if isinstance(data, dict):
        return _length(next(iter(data.values())))
    if isinstance(data, tuple) or _views(data):
        return _length(data[0])
    return len(data)


def _views(data: Any) -> bool:
    """Whether a list holds several views, each of all images (as two views or scales make)."""
    return isinstance(data, list) and bool(data) and all(isinstance(x, list) for x in data)


def _cut(data: Any, start: int, stop: int) -> Any:
    if isinstance(data, dict):
        return {key: _cut(value, start, stop) for key, value in data.items()}
    if isinstance(data, tuple) and not hasattr(data, '_fields'):
        return tuple(_cut(value, start, stop) for value in data)
    if _views(data):
        return [_cut(view, start, stop) for view in data]
    if isinstance(data, (list, torch.Tensor)):
        return data[start:stop]
    raise TypeError(f'a batch with a {type(data).__name__} cannot be cut into parts')
