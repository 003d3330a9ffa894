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
from mmwsss.config.keys import suggest
from mmwsss.config.variables import substitute_variables
from mmwsss.config.writing import SOURCE
from mmwsss.installed import find_config

_LOCK = RLock()


def read_config(
    path: str | Path, *, import_custom_modules: bool = True, own: Path | None = None
) -> Config:
    """Read a config file.

    A config is a Python program: read only those whose author you trust. What it reads from the
    environment is data and is never run (see :mod:`mmwsss.config.variables`).

    Args:
        path: The file, ``.py``, or ``PACKAGE::FOLDER/NAME.py`` of an installed package. A config
            that a recipe handed to a stage has the ``filename`` of the one it was resolved from.
        import_custom_modules: Whether to import what its ``custom_imports`` name, which may also
            lie in the current folder.
        own: Folder of a recipe that takes the config from elsewhere: what is not in ``_base_``
            there is looked for in ``_base_`` of this folder, or beside it.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It is no Python config, one of its bases is not there, it has a mistake in its
            syntax, a variable has no fitting value, it sets a name that nothing reads
            (:func:`mmwsss.config.effects.check_effects`), or a module that it names cannot be
            imported.
    """
    path = find_config(path)
    _check_kind(path)
    if not path.is_file():
        raise FileNotFoundError(f'config {path} does not exist')
    if import_custom_modules:
        look_in_current_folder()
    return _load(path, import_custom_modules, own)


def _load(path: Path, import_custom_modules: bool, own: Path | None) -> Config:
    with _safe_substitution(own) as sources:
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


def _find_own(path: Path, filename: str, own: Path | None) -> Path:
    """A base of one's own, in the place of one that is not there."""
    path = Path(os.path.normpath(path))
    places = [path]
    if own is not None and '_base_' in path.parts:
        below = path.parts[len(path.parts) - path.parts[::-1].index('_base_') :]
        places += [folder.joinpath('_base_', *below) for folder in (own, own.parent)]
    for place in places:
        if place.is_file():
            return place
    known = sorted({p.stem for place in places for p in place.parent.glob('*.py')})
    raise ConfigError(
        f'{filename}: its _base_ {path.name} is not in '
        f'{", ".join(str(place.parent) for place in places)}{suggest(path.stem, known)}; '
        f'there are {", ".join(known) or "none"}'
    )


@contextmanager
def _safe_substitution(own: Path | None) -> Iterator[list[SourceFile]]:
    """Let mmengine's reader put values into configs as :mod:`mmwsss.config.variables` does.

    Args:
        own: Where bases are looked for beside, see :func:`read_config`.

    Yields:
        A list that gets the files which are read, each before its bases.
    """
    sources: list[SourceFile] = []

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

    def find_base(name: str, filename: str) -> tuple[str, str | None]:
        path, scope = path_of_base(name, filename)
        if scope is None and not Path(path).is_file():
            path = str(_find_own(Path(path), filename, own))
        return path, scope

    def nothing_left(filename: str, temporary: str) -> dict[str, str]:
        return {}

    ours: dict[str, Callable[..., Any]] = {
        '_is_lazy_import': is_lazy_import,
        '_get_cfg_path': find_base,
        '_substitute_predefined_vars': substitute,
        '_substitute_env_variables': nothing_left,
    }
    with _LOCK:
        is_lazy, path_of_base = Config._is_lazy_import, Config._get_cfg_path
        before = {name: Config.__dict__[name] for name in ours}
        for name, function in ours.items():
            setattr(Config, name, staticmethod(function))
        try:
            yield sources
        finally:
            for name, function in before.items():
                setattr(Config, name, function)
