"""Handlers of golden cases: every module of this package registers its own.

A handler ``handler(spec, arrays, folder) -> {output: (got, expected, tolerance)}`` gets the case's
JSON, its arrays under their names in the file and the folder with its side files. It answers for
every output of the case; ``None`` instead of the triple where the case itself says that the output
is not to be compared.
"""

import importlib
import pkgutil
import re
from fnmatch import fnmatchcase

import numpy as np

NUMBER = r'(-?\d*\.?\d+(?:e[-+]?\d+)?)'

HANDLERS: dict = {}

# Methods of which every case must have a handler.
COMPLETE: frozenset = frozenset(
    {
        'clip_es',
        'co2sam',
        'cti',
        'excel',
        'fma',
        'icam',
        'refine',
        's2c',
        'toco',
        'weclip',
        'weclip_plus',
    }
)


def handles(method: str, *cases: str):
    """Register a function for cases of a method; ``*`` and ``?`` in a name are wildcards."""

    def register(function):
        for case in cases:
            if (method, case) in HANDLERS:
                raise KeyError(f'a handler for {method}/{case} is registered already')
            HANDLERS[method, case] = function
        return function

    return register


def find_handler(method: str, case: str):
    """The handler of a case, or None. Twins may be told apart by what follows the name."""
    if (method, case) in HANDLERS:
        return HANDLERS[method, case]
    for (owner, pattern), function in HANDLERS.items():
        if owner == method and fnmatchcase(case, pattern):
            return function
    if '_' in case:
        return find_handler(method, case.rpartition('_')[0])
    return None


def numbers(text: str, pattern: str) -> list[float]:
    """Numbers that a pattern's groups find in the case's texts."""
    found = re.search(pattern, text)
    assert found, f'{pattern!r} not in {text!r}'
    return [float(value) for value in found.groups()]


def thin(values, expected):
    """Every n-th element of each axis, as the cases hold of large arrays."""
    values = np.asarray(values)
    steps = [-(-a // b) for a, b in zip(values.shape, expected.shape, strict=True)]
    return values[tuple(slice(None, None, step) for step in steps)]


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f'{__name__}.{_module.name}')
