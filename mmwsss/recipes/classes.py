"""Compare the classes of stages that hand something on, before the first of them runs."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config

from mmwsss.datasets.bare import innermost
from mmwsss.engine.auto_classes import find_classes, resolve_num_classes
from mmwsss.engine.loaded_weights import other_classes
from mmwsss.recipes.recipe import Reference, Stage
from mmwsss.registry import DATASETS


def class_conflict(
    maker: Stage, made: Config, reader: Stage, read: Config, key: str, reference: Reference
) -> str:
    """Say how the classes of a stage's output differ from those of the stage that takes it.

    The rules are those of the run: a store is of the classes of the photos that it is read for
    (proposals are of none), and weights that are tested have the classes of the test, where the
    network has any. Weights that start a part or a training may be of others.

    Args:
        maker: The stage that makes it.
        made: Config of that stage.
        reader: The stage that takes it.
        read: Config of that stage.
        key: Where it takes it.
        reference: What it takes.

    Returns:
        One line; '' where they agree, or where the configs alone do not tell.
    """
    loader = key.partition('.')[0]
    if reference.output == 'checkpoint':
        if key != 'load_from' or reader.action != 'test':
            return ''
        loader = 'test_dataloader'
    elif reference.output == 'proposals' or not loader.endswith('_dataloader'):
        return ''
    there = _classes(made, f'{maker.action}_dataloader')
    here = _classes(read, loader)
    if not there or not here:
        return ''
    if reference.output == 'checkpoint':
        difference = _other_numbers(made, there, read, here) or other_classes(there, here)
    else:
        difference = _difference(there[1:], here[1:])
    if not difference:
        return ''
    return f'{maker.name} makes {reference} for other classes than {reader.name}: {difference}'


def _classes(cfg: Config, loader: str) -> tuple[str, ...]:
    """Names with the background; empty where they cannot be known yet."""
    part = cfg.get(loader)
    if not part:
        return ()
    try:
        data = innermost(part['dataset'])
        made_late = getattr(DATASETS.get(data['type']), 'MADE_ON_FIRST_USE', False)
        if made_late and not os.path.exists(data['data_root']):
            return ()
        return find_classes(Config({'test_dataloader': {'dataset': data}}))
    except Exception:  # what is wrong with the data has a row of its own
        return ()


def _other_numbers(made: Config, there: Sequence[str], read: Config, here: Sequence[str]) -> str:
    """The first number of classes that the weights have and the network has not."""
    numbers = dict(_numbers(_resolved(made, there)))
    for place, number in _numbers(_resolved(read, here)):
        if numbers.get(place, number) != number:
            return f'model.{place} is {numbers[place]} there and {number} here'
    return ''


def _resolved(cfg: Config, classes: Sequence[str]) -> Any:
    part = Config({'model': copy.deepcopy(cfg.get('model') or {})})
    resolve_num_classes(part, classes)
    return part.model


def _numbers(node: Any, prefix: str = '') -> Iterator[tuple[str, int]]:
    if isinstance(node, dict):
        for key, value in node.items():
            place = f'{prefix}.{key}' if prefix else str(key)
            if key == 'num_classes' and isinstance(value, int):
                yield place, value
            elif 'loss' not in str(key):  # which has no weights
                yield from _numbers(value, place)


def _difference(there: Sequence[str], here: Sequence[str]) -> str:
    if tuple(there) == tuple(here):
        return ''
    if len(there) != len(here):
        return f'{_named(there)} there, {_named(here)} here'
    at = next(i for i, pair in enumerate(zip(there, here, strict=True)) if pair[0] != pair[1])
    return f"class {at + 1} is '{there[at]}' there and '{here[at]}' here"


def _named(names: Sequence[str]) -> str:
    return f'{len(names)} ({", ".join(names[:3])}{", ..." if len(names) > 3 else ""})'
