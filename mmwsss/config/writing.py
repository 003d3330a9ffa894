"""Resolved configs as files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmwsss.config.errors import ConfigError
from mmwsss.stores.atomic import atomic_write_bytes

#: Key under which a resolved config names the file that it comes from.
SOURCE = 'resolved_from'
_WIDTH = 100


def write_config(path: str | Path, cfg: Config) -> None:
    """Write a config with everything in it resolved: a file without bases and variables.

    :func:`mmwsss.config.read_config` reads back an equal config with the same ``filename``.

    Args:
        path: File to write, atomically.
        cfg: The config.

    Raises:
        ConfigError: A value is none that text can hold; the message names its key.
    """
    atomic_write_bytes(path, format_config(cfg).encode('utf-8', 'backslashreplace'))


def format_config(cfg: Config) -> str:
    """Python source of a resolved config; see :func:`write_config`."""
    content = cfg.to_dict()
    if cfg.filename:
        content = {SOURCE: str(cfg.filename), **content}
    lines = []
    for key, value in content.items():
        if not str(key).isidentifier():
            raise ConfigError(f'{cfg.filename}: the key {key!r} is no name')
        lines.append(f'{key} = {_format(value, key, 0)}\n')
    return ''.join(lines)


def _format(value: Any, where: str, indent: int) -> str:
    if isinstance(value, dict | list | tuple):
        return _format_parts(value, where, indent)
    if isinstance(value, type):  # registries find a class by its path, too
        return repr(f'{value.__module__}.{value.__qualname__}')
    if isinstance(value, float) and not math.isfinite(value):
        return f'float({str(value)!r})'
    if value is None or type(value) in (bool, int, float, str):
        # Two braces would begin a variable of the config language.
        return repr(value).replace('{{', r'{\x7b')
    raise ConfigError(f'{where}: a {type(value).__name__} cannot be written: {value!r}')


def _format_parts(value: dict | list | tuple, where: str, indent: int) -> str:
    inner = indent + 4
    if isinstance(value, dict):
        begin, end = '{', '}'
        parts = [f'{_key(k, where)}: {_format(v, f"{where}.{k}", inner)}' for k, v in value.items()]
    else:
        begin, end = ('[', ']') if isinstance(value, list) else ('(', ')')
        parts = [_format(v, f'{where}.{i}', inner) for i, v in enumerate(value)]
    comma = ',' if isinstance(value, tuple) and len(parts) == 1 else ''
    line = f'{begin}{", ".join(parts)}{comma}{end}'
    if '\n' not in line and indent + len(line) <= _WIDTH:
        return line
    lines = ''.join(f'{" " * inner}{part},\n' for part in parts)
    return f'{begin}\n{lines}{" " * indent}{end}'


def _key(key: Any, where: str) -> str:
    if key is None or type(key) in (bool, int, float, str):
        return _format(key, where, 0)
    raise ConfigError(f'{where}: the key {key!r} cannot be written')
