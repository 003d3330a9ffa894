"""All checkpoints of other projects that can be converted."""

from mmwsss.models.conversion.checkpoint_format import CheckpointFormat
from mmwsss.models.conversion.checkpoint_keys import MULTI_STAGE_FORMATS
from mmwsss.models.conversion.co2sam_keys import CO2SAM_FORMATS
from mmwsss.models.conversion.efficientnet_keys import EFFICIENTNET_FORMATS
from mmwsss.models.conversion.grounding_keys import GROUNDING_FORMATS
from mmwsss.models.conversion.icam_keys import ICAM_FORMATS
from mmwsss.models.conversion.toco_keys import TOCO_FORMATS
from mmwsss.models.conversion.weclip_keys import WECLIP_FORMATS

#: Every kind of checkpoint by its name on the command line.
FORMATS: dict[str, CheckpointFormat] = {
    **MULTI_STAGE_FORMATS,
    **ICAM_FORMATS,
    **CO2SAM_FORMATS,
    **GROUNDING_FORMATS,
    **EFFICIENTNET_FORMATS,
    **TOCO_FORMATS,
    **WECLIP_FORMATS,
}
