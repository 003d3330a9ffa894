"""Heads of CAM generators and of segmentors."""

from mmwsss.models.heads.cam_head import CAMHead
from mmwsss.models.heads.deeplabv2_head import DeepLabV2Head
from mmwsss.models.heads.dilated_decoder import DilatedDecoder
from mmwsss.models.heads.large_fov_head import LargeFOVHead
from mmwsss.models.heads.mask2former_head import PseudoMaskMask2FormerHead
from mmwsss.models.heads.patch_cam_head import PatchCAMHead
from mmwsss.models.heads.pcm_head import PCMHead
from mmwsss.models.heads.prototype_head import PrototypeHead
from mmwsss.models.heads.token_decoder import TokenDecoder
from mmwsss.models.heads.token_fusion import TokenFusion

__all__ = [
    'CAMHead',
    'DeepLabV2Head',
    'DilatedDecoder',
    'LargeFOVHead',
    'PCMHead',
    'PatchCAMHead',
    'PrototypeHead',
    'PseudoMaskMask2FormerHead',
    'TokenDecoder',
    'TokenFusion',
]
