"""Files of weights: what they are, and where Python packages keep them."""

from mmwsss.weights.errors import WeightsError
from mmwsss.weights.file_kinds import read_weights_file
from mmwsss.weights.packages import find_in_package, load_from_package

__all__ = ['WeightsError', 'find_in_package', 'load_from_package', 'read_weights_file']
