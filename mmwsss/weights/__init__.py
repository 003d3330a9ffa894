"""Files of weights: what is published, where packages keep them, and whether a copy is whole.

What reads weights needs torch, and is imported when it is asked for: planning a recipe needs none.
"""

from importlib import import_module
from typing import Any

from mmwsss.weights.catalogue import WeightFile, find_weights, read_catalogue
from mmwsss.weights.download import DownloadError, download
from mmwsss.weights.errors import WeightsError
from mmwsss.weights.packages import find_in_package

_READERS = {
    'load_from_package': 'mmwsss.weights.package_loader',
    'read_weights_file': 'mmwsss.weights.file_kinds',
}

__all__ = [
    'DownloadError',
    'WeightFile',
    'WeightsError',
    'download',
    'find_in_package',
    'find_weights',
    'read_catalogue',
    *_READERS,
]


def __getattr__(name: str) -> Any:
    if name not in _READERS:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_READERS[name]), name)
