"""Resolve ``num_classes='auto'`` and ``names='auto'`` from the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config

from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.registry import DATASETS

AUTO = 'auto'
_NAMES = 'names'
_KEYS = ('num_classes', 'out_channels', _NAMES)
# Heads of segmentors count the background; what learns from tags does not.
_WITH_BACKGROUND = ('decode_head', 'auxiliary_head')


def resolve_num_classes(cfg: Config, classes: Sequence[str] | None = None) -> None:
    """Replace 'auto' under ``num_classes``, ``out_channels`` and ``names`` of the model, in place.

    It becomes C, the number of foreground classes, and C + 1 within ``decode_head`` and
    ``auxiliary_head``; under ``names`` (of prompts) the C names themselves. The classes are those
    of the training data (of the test data in configs without): listed in the config or by the data
    set's class, else read from the data.

    Args:
        cfg: Config of a stage. Data are looked at only where 'auto' occurs.
        classes: The names with the background, where they are known already.

    Raises:
        ValueError: 'auto' occurs and there is no data set to count the classes of.
    """
    places = list(_find_auto(cfg.get('model') or {}))
    if not places:
        return
    classes = find_classes(cfg) if classes is None else classes
    for node, key, with_background in places:
        if key == _NAMES:
            node[key] = list(classes[1:])
        else:
            node[key] = len(classes) if with_background else len(classes) - 1


def find_classes(cfg: Config) -> tuple[str, ...]:
    """Class names of a stage's data, background first.

    Raises:
        ValueError: The config has no data set.
    """
    loaders = (cfg.get(f'{name}_dataloader') for name in ('train', 'test', 'val'))
    config = next((loader['dataset'] for loader in loaders if loader), None)
    if config is None:
        raise ValueError(
            f'{cfg.filename or "the config"}: the class names come from train_dataloader or '
            f"test_dataloader, and it has neither; write a number in the place of '{AUTO}'"
        )
    named = (config.get('metainfo') or {}).get('classes')
    if named is None and isinstance(config.get('type'), str):
        named = (getattr(DATASETS.get(config['type']), 'METAINFO', None) or {}).get('classes')
    if named is None:
        named = build_bare_dataset(config).metainfo['classes']
    return tuple(named)


def _find_auto(node: Any, with_background: bool = False) -> Iterator[tuple[dict, str, bool]]:
    """Yield ``(dict, key, within a segmentor's head)`` of every 'auto'."""
    if isinstance(node, list | tuple):
        for value in node:
            yield from _find_auto(value, with_background)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in _KEYS and value == AUTO:
                yield node, key, with_background
            yield from _find_auto(value, with_background or key in _WITH_BACKGROUND)
