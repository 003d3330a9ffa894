"""Read config files; all of the project reads them here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from mmengine.config import Config

from mmwsss.config.custom_imports import (
    custom_modules,
    import_custom,
    look_in_current_folder,
)
from mmwsss.config.effects import SourceFile, check_effects
from mmwsss.config.errors import ConfigError
from mmwsss.config.variables import substitute_variables
from mmwsss.config.writing import SOURCE
from mmwsss.installed import find_config

_LOCK = RLock()


def read_config(path: str | Path, *, import_custom_modules: bool = True) -> Config:
    """Read a config file.

    A config is a Python program: read only those whose author you trust. What it reads from the
    environment is data and is never run (see :mod:`mmwsss.config.variables`).

    Args:
        path: The file, ``.py``, or ``PACKAGE::FOLDER/NAME.py`` of an installed package. A config
            that a recipe handed to a stage has the ``filename`` of the one it was resolved from.
        import_custom_modules: Whether to import what its ``custom_imports`` name, which may also
            lie in the current folder.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It is no Python config, it has a mistake in its syntax, a variable has no
            fitting value, it sets a name that nothing reads
            (:func:`mmwsss.config.effects.check_effects`), or a module that it names cannot be
            imported.
    """
    path = find_config(path)
    _check_kind(path)
    if not path.is_file():
        raise FileNotFoundError(f'config {path} does not exist')
    if import_custom_modules:
        look_in_current_folder()
    return _load(path, import_custom_modules)


def _load(path: Path, import_custom_modules: bool) -> Config:
    with _safe_substitution() as sources:
        cfg = Config.fromfile(str(path), import_custom_modules=False)
    source = cfg._cfg_dict.pop(SOURCE, None)
    if source is not None:
        object.__setattr__(cfg, '_filename', source)
    check_effects(cfg, sources)
    try:
        custom_modules(cfg)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from None
    if import_custom_modules:
        import_custom(cfg, path)
    return cfg


def _check_kind(path: Path) -> None:
    if path.suffix != '.py':
        raise ConfigError(
            f'{path}: configs are Python files (.py). YAML and JSON are not read: mmengine pastes '
            'variables into them and lets YAML call functions'
        )


@contextmanager
def _safe_substitution() -> Iterator[list[SourceFile]]:
    """Let mmengine's reader put values into configs as :mod:`mmwsss.config.variables` does.

    Yields:
        A list that gets the files which are read, each before its bases.
    """
    sources: list[SourceFile] = []
    is_lazy = Config._is_lazy_import

    def is_lazy_import(filename: str) -> bool:
        _check_kind(Path(filename))  # also those of _base_
        try:
            return is_lazy(filename)
        except SyntaxError as error:
            raise ConfigError(f'{filename}, line {error.lineno}: {error.msg}') from error

    def substitute(filename: str, temporary: str) -> None:
        text = Path(filename).read_text(encoding='utf-8')
        text = substitute_variables(text, filename, os.environ)
        Path(temporary).write_text(text, encoding='utf-8')
        sources.append(SourceFile(Path(filename), text))

    def nothing_left(filename: str, temporary: str) -> dict[str, str]:
        return {}

    ours: dict[str, Callable[..., Any]] = {
        '_is_lazy_import': is_lazy_import,
        '_substitute_predefined_vars': substitute,
        '_substitute_env_variables': nothing_left,
    }
    with _LOCK:
        before = {name: Config.__dict__[name] for name in ours}
        for name, function in ours.items():
            setattr(Config, name, staticmethod(function))
        try:
            yield sources
        finally:
            for name, function in before.items():
                setattr(Config, name, function)
