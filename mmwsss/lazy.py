"""Packages that list their names and import the modules behind them when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
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
