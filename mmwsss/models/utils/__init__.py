"""Checkpoints of other projects: readers, key maps, conversion."""

from mmwsss.models.utils.checkpoint_keys import FORMATS, CheckpointFormat, rename_keys
from mmwsss.models.utils.co2sam_keys import CO2SAM_FORMATS
from mmwsss.models.utils.conversion import (
    convert_checkpoint,
    describe_checkpoint,
    read_checkpoint,
)
from mmwsss.models.utils.grounding_keys import GROUNDING_FORMATS
from mmwsss.models.utils.icam_keys import ICAM_FORMATS
from mmwsss.models.utils.mxnet import read_params

FORMATS.update(ICAM_FORMATS)
FORMATS.update(CO2SAM_FORMATS)
FORMATS.update(GROUNDING_FORMATS)

__all__ = [
    'FORMATS',
    'CheckpointFormat',
    'convert_checkpoint',
    'describe_checkpoint',
    'read_checkpoint',
    'read_params',
    'rename_keys',
]
