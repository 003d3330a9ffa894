"""Networks: backbones, heads, CAM generators and the readers of published checkpoints."""

from mmwsss.models.affinity import AffinityNet, BaseAffinityModel, IRNet
from mmwsss.models.averaged_scores import AveragedScores
from mmwsss.models.backbones import ClassTokenViT, ResNet38d
from mmwsss.models.cam_generators import (
    CTI,
    FMA,
    ICAM,
    RIB,
    S2C,
    BaseCAMGenerator,
    CAMGenerator,
    MCTformer,
)
from mmwsss.models.class_memory import ClassMemory
from mmwsss.models.clip_pretrainer import CLIPPretrainer
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor
from mmwsss.models.foundation import CLIP, SAM, PromptLearner, RegionPointDecoder, SAMPointDecoder
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
    CAMActivationLoss,
    CAMPseudoLabelLoss,
    FeatureSimilarityLoss,
    ImportanceSamplingLoss,
    MapAgreementLoss,
    MultiLabelContrastiveLoss,
    PretendedUnderFittingLoss,
    SegmentContrastLoss,
)
from mmwsss.models.one_stage import Co2SAM, SAMDataPreprocessor, SAMFromMasks
from mmwsss.models.prompt_model import PromptModel
from mmwsss.models.propose_model import ProposeModel
from mmwsss.models.refine_model import RefineModel
from mmwsss.models.similarity_segmentor import SimilaritySegmentor
from mmwsss.models.softmax_scores import SoftmaxScores
from mmwsss.models.utils import read_params  # also makes Pretrained read .params files

__all__ = [
    'CLIP',
    'CTI',
    'FMA',
    'ICAM',
    'RIB',
    'S2C',
    'SAM',
    'AffinityNet',
    'AveragedScores',
    'BackgroundComplementLoss',
    'BaseAffinityModel',
    'BaseCAMGenerator',
    'CAMActivationLoss',
    'CAMGenerator',
    'CAMHead',
    'CAMPseudoLabelLoss',
    'CLIPPretrainer',
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
    'MultiLabelContrastiveLoss',
    'PCMHead',
    'PatchCAMHead',
    'PretendedUnderFittingLoss',
    'PromptLearner',
    'PromptModel',
    'ProposeModel',
    'PseudoMaskMask2FormerHead',
    'RefineModel',
    'RegionPointDecoder',
    'ResNet38d',
    'SAMDataPreprocessor',
    'SAMFromMasks',
    'SAMPointDecoder',
    'SegmentContrastLoss',
    'SimilaritySegmentor',
    'SoftmaxScores',
    'WSSSDataPreprocessor',
    'read_params',
]
