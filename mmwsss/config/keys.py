"""Dotted keys of configs, in which an item of a list may be named by its type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.config import Config


def find_key(cfg: Config | Mapping[str, Any], key: str) -> str:
    """Turn names of parts within a list into their index.

    ``'test_dataloader.dataset.pipeline.LoadSeeds.store'`` becomes ``'...pipeline.1.store'``.

    Raises:
        KeyError: No, or more than one, part of the list has this type.
    """
    node: Any = cfg
    found: list[str] = []
    for name in key.split('.'):
        if isinstance(node, list | tuple) and not name.isdigit():
            types = [part.get('type') if isinstance(part, dict) else None for part in node]
            matches = [i for i, kind in enumerate(types) if str(kind).split('.')[-1] == name]
            if len(matches) != 1:
                raise KeyError(
                    f'{key}: {len(matches)} parts of {".".join(found)} have the type {name}; '
                    f'it holds {types}'
                )
            name = str(matches[0])
        found.append(name)
        node = step(node, name)
    return '.'.join(found)


def step(node: Any, name: str) -> Any:
    """Value under a name in a dict, or at an index in a list; ``None`` if there is none."""
    try:
        return node[int(name)] if isinstance(node, list | tuple) else node.get(name)
    except (AttributeError, IndexError, KeyError, ValueError):
        return None


def has_key(cfg: Config, key: str) -> bool:
    """Whether a config has a dotted key."""
    node: Any = cfg
    for name in key.split('.'):
        try:
            node = node[int(name)] if isinstance(node, list | tuple) else node[name]
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            return False
    return True


def check_spelling(cfg: Config, key: str) -> None:
    """Refuse a dotted key that a config lacks while it has one of nearly that name.

    A key without such a neighbour may be new: an argument that the config leaves at its default.

    Raises:
        KeyError: Names the part that is likely to be mistyped, and its neighbour.
    """
    node: Any = cfg
    done: list[str] = []
    for name in key.split('.'):
        if isinstance(node, dict | Config) and name not in node:
            near = difflib.get_close_matches(name, [str(k) for k in node], n=1, cutoff=0.8)
            if near:
                where = f' in {".".join(done)}' if done else ''
                raise KeyError(f'{key}: there is no {name!r}{where}, did you mean {near[0]!r}?')
            return
        done.append(name)
        node = step(node, name)


def suggest(name: str, known: Iterable[str]) -> str:
    """``", did you mean 'x'?"``, or nothing where no known name is near."""
    close = difflib.get_close_matches(name, [str(k) for k in known], n=1)
    return f', did you mean {close[0]!r}?' if close else ''
