"""Files of weights: what is published, where packages keep them, and whether a copy is whole."""

from mmwsss.weights.catalogue import WeightFile, find_weights, read_catalogue
from mmwsss.weights.download import DownloadError, download
from mmwsss.weights.errors import WeightsError
from mmwsss.weights.file_kinds import read_weights_file
from mmwsss.weights.packages import find_in_package, load_from_package

__all__ = [
    'DownloadError',
    'WeightFile',
    'WeightsError',
    'download',
    'find_in_package',
    'find_weights',
    'load_from_package',
    'read_catalogue',
    'read_weights_file',
]
