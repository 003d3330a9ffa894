"""Methods that need no stage after: the network that is trained is the segmentor."""

from mmwsss.models.one_stage.cam_vit import CAMViT
from mmwsss.models.one_stage.co2sam import Co2SAM
from mmwsss.models.one_stage.excel import ExCEL
from mmwsss.models.one_stage.one_stage_vit import OneStageViT
from mmwsss.models.one_stage.sam_preprocessor import SAMDataPreprocessor
from mmwsss.models.one_stage.toco import ToCo
from mmwsss.models.one_stage.token_segmentor import TokenSegmentor
from mmwsss.models.one_stage.weclip import WeCLIP
from mmwsss.models.one_stage.weclip_plus import WeCLIPPlus

__all__ = [
    'CAMViT',
    'Co2SAM',
    'ExCEL',
    'OneStageViT',
    'SAMDataPreprocessor',
    'ToCo',
    'TokenSegmentor',
    'WeCLIP',
    'WeCLIPPlus',
]
