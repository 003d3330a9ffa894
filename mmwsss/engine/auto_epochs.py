"""Resolve ``max_epochs='auto'`` from a budget of iterations."""

from __future__ import annotations

import math
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_world_size

from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.datasets.errors import DataError
from mmwsss.engine.auto_classes import AUTO

_KEYS = ('iterations', 'min_epochs')
_LENGTHS = ('max_epochs', 'max_iters', 'val_interval', 'val_begin')


def resolve_epochs(cfg: Config) -> None:
    """Replace 'auto' in ``train_cfg`` and the ``end`` of ``param_scheduler``, in place.

    A config with ``max_epochs='auto'`` has ``budget = dict(iterations=..., min_epochs=...)``: few
    photos are repeated until ``iterations`` steps are done, and any number of photos is seen at
    least ``min_epochs`` times. ``val_interval='auto'`` validates once, at the end; ``end='auto'``
    of a schedule is the end of the training. Both also follow a ``max_epochs`` given as a number.

    Args:
        cfg: Config of a stage. Data are looked at only where 'auto' occurs.

    Raises:
        ValueError: There is no budget, or it has other keys; or an 'auto' is left in a training
            that does not count epochs; or a length is no number.
    """
    train = cfg.get('train_cfg') or {}
    for key in _LENGTHS:
        if isinstance(train.get(key), str) and train[key] != AUTO:
            raise ValueError(f'train_cfg.{key} is a number, found {train[key]!r}')
    if train.get('max_epochs') == AUTO:
        train['max_epochs'] = _epochs_of_budget(cfg)
    epochs = train.get('max_epochs')
    schedulers = cfg.get('param_scheduler') or []
    ends = [
        scheduler
        for scheduler in (schedulers if isinstance(schedulers, list) else [schedulers])
        if scheduler.get('end') == AUTO
    ]
    validates = train.get('val_interval') == AUTO
    if epochs is None and (ends or validates):
        key = 'train_cfg.val_interval' if validates else "a schedule's end"
        raise ValueError(
            f"{key} is 'auto', the last epoch, but this training counts no epochs: train_cfg has "
            'no max_epochs. Give a number of iterations instead'
        )
    if validates:
        train['val_interval'] = epochs
    for scheduler in ends:
        scheduler['end'] = epochs


def _epochs_of_budget(cfg: Config) -> int:
    budget = cfg.get('budget') or {}
    if set(budget) != set(_KEYS) or not all(_is_count(budget[key]) for key in _KEYS):
        raise ValueError(
            "train_cfg.max_epochs='auto' needs budget=dict(iterations=..., min_epochs=...) with "
            f'whole numbers from 1 on, found {dict(budget)}'
        )
    images = len(build_bare_dataset(cfg.train_dataloader['dataset']))
    total = total_batch(cfg)
    steps = (
        max(1, images // total)
        if cfg.train_dataloader.get('drop_last')
        else math.ceil(images / total)
    )
    return max(budget['min_epochs'], math.ceil(budget['iterations'] / steps))


def count_epochs(cfg: Config) -> int | None:
    """Number of epochs of a training, to show its progress; None if it counts iterations.

    Args:
        cfg: Config of the stage; it is not changed.
    """
    epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    if epochs == AUTO:
        cfg = cfg.copy()
        cfg.train_cfg = {**cfg.train_cfg}
        cfg.param_scheduler = None
        try:
            resolve_epochs(cfg)
        except (ValueError, DataError):  # the stage itself says so
            return None
        epochs = cfg.train_cfg['max_epochs']
    return epochs


def total_batch(cfg: Config) -> int:
    """Images per step over all processes, as far as the config tells."""
    batch = cfg.get('batch') or {}
    size = cfg.train_dataloader.get('batch_size') or 1
    return batch.get('total') or batch.get('published') or size * get_world_size()


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
