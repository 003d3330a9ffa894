"""Imports that wait until something is used, or are not made at all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module, metadata
from types import ModuleType
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make a package's ``__getattr__``.

    The package keeps the mapping as ``HOMES``: registries look up there which module registers a
    name, and recipes which code is behind an import.

    Args:
        package: Name of the package.
        homes: Each of its names, and the module that defines it.
    """

    def __getattr__(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        return getattr(import_module(homes[name]), name)

    return __getattr__


@contextmanager
def version_alone(module: str) -> Iterator[None]:
    """Inside, who imports a module to read its ``__version__`` gets that without the module.

    Args:
        module: Its name, also that of its distribution. If it is imported already, or not
            installed, nothing is changed.
    """
    try:
        stand_in = ModuleType(module)
        stand_in.__version__ = metadata.version(module)  # type: ignore[attr-defined]
    except metadata.PackageNotFoundError:
        stand_in = None
    if stand_in is None or module in sys.modules:
        yield
        return
    sys.modules[module] = stand_in
    try:
        yield
    finally:
        del sys.modules[module]
