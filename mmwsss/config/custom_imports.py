"""Modules that a config names in ``custom_imports``: read, found and imported here alone."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmwsss.config.errors import ConfigError

_KEYS = ('imports', 'allow_failed_imports')


def custom_modules(cfg: Mapping[str, Any], *, required: bool = False) -> list[str]:
    """Modules that a config imports.

    Args:
        cfg: The config.
        required: Only those that it cannot do without.

    Raises:
        ConfigError: ``custom_imports`` is something else than a dict of 'imports' and perhaps
            'allow_failed_imports'.
    """
    custom = cfg.get('custom_imports') or {}
    imports = custom.get('imports') or [] if isinstance(custom, Mapping) else None
    imports = [imports] if isinstance(imports, str) else imports
    if not isinstance(imports, list | tuple) or not all(isinstance(name, str) for name in imports):
        raise ConfigError(
            f"custom_imports is dict(imports=['my_package.my_module']), found {custom!r}"
        )
    unknown = [key for key in custom if key not in (*_KEYS, '_delete_')]
    if unknown:
        raise ConfigError(
            f'custom_imports has no option {unknown[0]!r}, it has {" and ".join(_KEYS)}'
        )
    return [] if required and custom.get('allow_failed_imports') else list(imports)


def import_custom(cfg: Mapping[str, Any], file: str | Path) -> None:
    """Import the modules that a config names; they may lie in the current folder.

    Args:
        cfg: The config.
        file: Its file, for errors.

    Raises:
        ConfigError: A module is not there, or an error ended its import: names the file and the
            line of it. One of ``allow_failed_imports`` may lack what it imports.
    """
    names = custom_modules(cfg)
    required = custom_modules(cfg, required=True)
    look_in_current_folder()
    for name in names:
        try:
            import_module(name)
        except Exception as error:  # whatever the modules of others raise
            text = f'custom_imports of {file}: {_explain(name, error)}'
            if name in required or not isinstance(error, ImportError):
                raise ConfigError(text) from error
            warnings.warn(f'{text}. It is left out (allow_failed_imports)', stacklevel=2)


def look_in_current_folder() -> None:
    """Let modules be found there: scripts have their own folder in ``sys.path`` instead."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def not_found(names: Iterable[str], folders: Iterable[object]) -> str:
    """What to say of modules that are in none of the folders."""
    return (
        f'no module {", ".join(names)} in {", ".join(map(str, folders))} nor among the installed '
        'packages: start from the folder that it lies in, install it (pip install -e .), or set '
        'PYTHONPATH'
    )


def _explain(name: str, error: Exception) -> str:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and f'{name}.'.startswith(f'{missing}.'):
        places = os.environ.get('PYTHONPATH', '').split(os.pathsep)
        return not_found([name], dict.fromkeys([*filter(None, places), os.getcwd()]))
    if isinstance(error, SyntaxError) and error.filename:
        return f'{error.filename}, line {error.lineno}: {error.msg}'
    text = str(error) if isinstance(error, ImportError) else f'{type(error).__name__}: {error}'
    place = _place(name, error)
    return f'{place[0]}, line {place[1]}: {text}' if place else f'{name}: {text}'


def _place(name: str, error: Exception) -> tuple[str, int | None] | None:
    """File and line of an error, in the package that was to be imported if it came through it."""
    frames = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)[1:]
        if '<frozen' not in frame.filename and Path(frame.filename).parts[-2:-1] != ('importlib',)
    ]
    try:
        spec = find_spec(name.partition('.')[0])
    except (ImportError, ValueError):
        spec = None
    own = []
    if spec is not None:
        folders = tuple(f'{folder}{os.sep}' for folder in spec.submodule_search_locations or ())
        own = [f for f in frames if f[0] == spec.origin or f[0].startswith(folders)]
    return next(iter((own or frames)[-1:]), None)
