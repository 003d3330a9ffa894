"""Checkpoints of other projects: readers, key maps, conversion."""

from mmwsss.models.conversion.checkpoint_format import CheckpointFormat, rename_keys
from mmwsss.models.conversion.checkpoint_keys import FORMATS
from mmwsss.models.conversion.co2sam_keys import CO2SAM_FORMATS
from mmwsss.models.conversion.convert import (
    convert_checkpoint,
    describe_checkpoint,
    read_checkpoint,
)
from mmwsss.models.conversion.efficientnet_keys import EFFICIENTNET_FORMATS
from mmwsss.models.conversion.grounding_keys import GROUNDING_FORMATS
from mmwsss.models.conversion.icam_keys import ICAM_FORMATS
from mmwsss.models.conversion.mxnet import read_params
from mmwsss.models.conversion.toco_keys import TOCO_FORMATS
from mmwsss.models.conversion.weclip_keys import WECLIP_FORMATS
from mmwsss.weights import package_loader  # noqa: F401  mmengine now reads package:// addresses

FORMATS.update(ICAM_FORMATS)
FORMATS.update(CO2SAM_FORMATS)
FORMATS.update(GROUNDING_FORMATS)
FORMATS.update(EFFICIENTNET_FORMATS)
FORMATS.update(TOCO_FORMATS)
FORMATS.update(WECLIP_FORMATS)

__all__ = [
    'FORMATS',
    'CheckpointFormat',
    'convert_checkpoint',
    'describe_checkpoint',
    'read_checkpoint',
    'read_params',
    'rename_keys',
]
