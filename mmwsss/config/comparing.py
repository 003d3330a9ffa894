"""Comparing configs key by key, without what does not change results."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

NONE = '(none)'
# Keys about display, paths and speed.
_COSMETIC = {
    'launcher',
    'log_level',
    'log_processor',
    'resume',
    'vis_backends',
    'visualizer',
    'work_dir',
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'logger',
}


def flatten(value: Any, prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Yield ``(dotted key, plain value)`` of nested dicts and lists of dicts."""
    if isinstance(value, dict) and (value or not prefix):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(v, dict) for v in value):
        items = enumerate(value)
    else:
        yield prefix, canonical(value)
        return
    for key, inner in items:
        yield from flatten(inner, f'{prefix}.{key}' if prefix else str(key))


def canonical(value: Any) -> Any:
    """JSON form of a value: what comes back from a JSON file is equal to it."""
    if isinstance(value, dict):
        return {str(key): canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [canonical(v) for v in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return repr(value)


def is_cosmetic(key: str) -> bool:
    """Whether a dotted key is about display, paths or speed."""
    return not _COSMETIC.isdisjoint(key.split('.'))


def changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say ``key: old -> new`` of each key of flat configs that differs."""
    keys = {**was, **now}
    return [
        f'{key}: {was.get(key, NONE)} -> {now.get(key, NONE)}'
        for key in keys
        if was.get(key, NONE) != now.get(key, NONE)
    ]


def shortened(texts: list[str], separator: str = '; ') -> str:
    """The first three of some texts, each cut where it is long, and how many more there are."""
    rest = f' and {len(texts) - 3} more' if len(texts) > 3 else ''
    return separator.join(map(_short, texts[:3])) + rest


def read_dumped(text: str) -> dict[str, Any]:
    """Values of a config as mmengine prints it, without running it.

    What is no plain value (``inf``, a class) is its text.

    Args:
        text: Assignments of literals and of ``dict(...)``.

    Raises:
        SyntaxError: It is no Python.
    """
    values: dict[str, Any] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = _value(node.value)
    return values


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == 'dict':
        if len(node.args) == 1 and not node.keywords:  # of keys that are no names
            return _value(node.args[0])
        if not node.args:
            return {str(part.arg): _value(part.value) for part in node.keywords}
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(part) for part in node.elts]
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        return dict(zip(keys, map(_value, node.values), strict=True))
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _short(text: str) -> str:
    return text if len(text) <= 120 else f'{text[:117]}...'
