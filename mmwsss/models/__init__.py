"""Networks: backbones, heads, CAM generators and the readers of published checkpoints."""

from mmwsss.models.affinity import AffinityNet, BaseAffinityModel, IRNet
from mmwsss.models.backbones import ResNet38d
from mmwsss.models.cam_generators import ICAM, RIB, S2C, BaseCAMGenerator, CAMGenerator
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor
from mmwsss.models.foundation import SAM, RegionPointDecoder, SAMPointDecoder
from mmwsss.models.heads import (
    CAMHead,
    DeepLabV2Head,
    LargeFOVHead,
    PCMHead,
    PseudoMaskMask2FormerHead,
)
from mmwsss.models.losses import (
    CAMPseudoLabelLoss,
    FeatureSimilarityLoss,
    ImportanceSamplingLoss,
    PretendedUnderFittingLoss,
    SegmentContrastLoss,
)
from mmwsss.models.propose_model import ProposeModel
from mmwsss.models.refine_model import RefineModel
from mmwsss.models.similarity_segmentor import SimilaritySegmentor
from mmwsss.models.softmax_scores import SoftmaxScores
from mmwsss.models.utils import read_params  # also makes Pretrained read .params files

__all__ = [
    'ICAM',
    'RIB',
    'S2C',
    'SAM',
    'AffinityNet',
    'BaseAffinityModel',
    'BaseCAMGenerator',
    'CAMGenerator',
    'CAMHead',
    'CAMPseudoLabelLoss',
    'DeepLabV2Head',
    'FeatureSimilarityLoss',
    'IRNet',
    'ImportanceSamplingLoss',
    'LargeFOVHead',
    'PCMHead',
    'PretendedUnderFittingLoss',
    'ProposeModel',
    'PseudoMaskMask2FormerHead',
    'RefineModel',
    'RegionPointDecoder',
    'ResNet38d',
    'SAMPointDecoder',
    'SegmentContrastLoss',
    'SimilaritySegmentor',
    'SoftmaxScores',
    'WSSSDataPreprocessor',
    'read_params',
]
