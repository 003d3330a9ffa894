"""Checkpoints of other projects: readers, key maps, conversion.

The key maps name the networks that they are for, so they are imported when they are asked for.
"""

from mmwsss.lazy import lazy_names
from mmwsss.weights import package_loader  # noqa: F401  mmengine now reads package:// addresses

HOMES = {
    'FORMATS': 'mmwsss.models.conversion.formats',
    'CheckpointFormat': 'mmwsss.models.conversion.checkpoint_format',
    'convert_checkpoint': 'mmwsss.models.conversion.convert',
    'describe_checkpoint': 'mmwsss.models.conversion.convert',
    'read_checkpoint': 'mmwsss.models.conversion.reading',
    'read_params': 'mmwsss.models.conversion.mxnet',
    'rename_keys': 'mmwsss.models.conversion.checkpoint_format',
}
__all__ = list(HOMES)
__getattr__ = lazy_names(__name__, HOMES)
