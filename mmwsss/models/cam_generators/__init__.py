"""CAM generators, one file for each method: networks that find classes in photos from tags."""

from mmwsss.models.cam_generators.base import BaseCAMGenerator, CAMOutput, CAMTestCfg
from mmwsss.models.cam_generators.cam import CAMGenerator
from mmwsss.models.cam_generators.clip_es import CLIPES
from mmwsss.models.cam_generators.cti import CTI
from mmwsss.models.cam_generators.cti_rib import CTIRIB
from mmwsss.models.cam_generators.fma import FMA
from mmwsss.models.cam_generators.icam import ICAM
from mmwsss.models.cam_generators.mctformer import MCTformer
from mmwsss.models.cam_generators.rib import RIB
from mmwsss.models.cam_generators.s2c import S2C

__all__ = [
    'CLIPES',
    'CTI',
    'CTIRIB',
    'FMA',
    'ICAM',
    'RIB',
    'S2C',
    'BaseCAMGenerator',
    'CAMGenerator',
    'CAMOutput',
    'CAMTestCfg',
    'MCTformer',
]
