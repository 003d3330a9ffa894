"""Networks: backbones, heads, CAM generators and the readers of published checkpoints."""

from mmwsss.models.affinity import AffinityNet, BaseAffinityModel, IRNet
from mmwsss.models.backbones import ClassTokenViT, ResNet38d
from mmwsss.models.cam_generators import (
    CTI,
    ICAM,
    RIB,
    S2C,
    BaseCAMGenerator,
    CAMGenerator,
    MCTformer,
)
from mmwsss.models.class_memory import ClassMemory
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor
from mmwsss.models.foundation import SAM, RegionPointDecoder, SAMPointDecoder
from mmwsss.models.heads import (
    CAMHead,
    DeepLabV2Head,
    LargeFOVHead,
    PatchCAMHead,
    PCMHead,
    PseudoMaskMask2FormerHead,
)
from mmwsss.models.losses import (
    BackgroundComplementLoss,
    CAMPseudoLabelLoss,
    FeatureSimilarityLoss,
    ImportanceSamplingLoss,
    MapAgreementLoss,
    PretendedUnderFittingLoss,
    SegmentContrastLoss,
)
from mmwsss.models.one_stage import Co2SAM, SAMDataPreprocessor
from mmwsss.models.propose_model import ProposeModel
from mmwsss.models.refine_model import RefineModel
from mmwsss.models.similarity_segmentor import SimilaritySegmentor
from mmwsss.models.softmax_scores import SoftmaxScores
from mmwsss.models.utils import read_params  # also makes Pretrained read .params files

__all__ = [
    'CTI',
    'ICAM',
    'RIB',
    'S2C',
    'SAM',
    'AffinityNet',
    'BackgroundComplementLoss',
    'BaseAffinityModel',
    'BaseCAMGenerator',
    'CAMGenerator',
    'CAMHead',
    'CAMPseudoLabelLoss',
    'ClassMemory',
    'ClassTokenViT',
    'Co2SAM',
    'DeepLabV2Head',
    'FeatureSimilarityLoss',
    'IRNet',
    'ImportanceSamplingLoss',
    'LargeFOVHead',
    'MCTformer',
    'MapAgreementLoss',
    'PCMHead',
    'PatchCAMHead',
    'PretendedUnderFittingLoss',
    'ProposeModel',
    'PseudoMaskMask2FormerHead',
    'RefineModel',
    'RegionPointDecoder',
    'ResNet38d',
    'SAMDataPreprocessor',
    'SAMPointDecoder',
    'SegmentContrastLoss',
    'SimilaritySegmentor',
    'SoftmaxScores',
    'WSSSDataPreprocessor',
    'read_params',
]
