"""Files of weights: what is published, where packages keep them, and whether a copy is whole.

What reads weights needs torch, and is imported when it is asked for: planning a recipe needs none.
"""

from mmwsss.lazy import lazy_names
from mmwsss.weights.catalogue import WeightFile, find_weights, read_catalogue
from mmwsss.weights.download import DownloadError, download
from mmwsss.weights.errors import WeightsError
from mmwsss.weights.packages import find_in_package

HOMES = {
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
    *HOMES,
]
__getattr__ = lazy_names(__name__, HOMES)
