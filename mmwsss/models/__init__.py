"""Networks by what they are: CAM generators, segmentors, SAM, CLIP, detectors, their parts."""

from mmwsss.models.affinity import AffinityNet, BaseAffinityModel, IRNet
from mmwsss.models.backbones import ClassTokenViT, ResNet38d
from mmwsss.models.cam_generators import (
    CLIPES,
    CTI,
    FMA,
    ICAM,
    RIB,
    S2C,
    BaseCAMGenerator,
    CAMGenerator,
    MCTformer,
)
from mmwsss.models.cam_generators.class_memory import ClassMemory
from mmwsss.models.clip import CLIP, FixedPrompts, PromptLearner
from mmwsss.models.conversion import read_params  # also makes Pretrained read .params files
from mmwsss.models.conversion.fitting import FittedPretrainedInit  # also makes it `Pretrained`
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor
from mmwsss.models.detectors import HFGroundingDINO, LocalBert, MMDetGroundingDINO, PromptModel
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
    BalancedCrossEntropyLoss,
    BatchDiceLoss,
    CAMActivationLoss,
    CAMPseudoLabelLoss,
    ClassTokenContrastLoss,
    DenseEnergyLoss,
    FeatureSimilarityLoss,
    ImportanceSamplingLoss,
    MapAgreementLoss,
    MultiLabelContrastiveLoss,
    PatchTokenContrastLoss,
    PretendedUnderFittingLoss,
    SegmentContrastLoss,
    TokenAffinityLoss,
)
from mmwsss.models.one_stage import Co2SAM, SAMDataPreprocessor, WeCLIP, WeCLIPPlus
from mmwsss.models.sam import SAM, SAMPointDecoder
from mmwsss.models.segmentors import AveragedScores, SimilaritySegmentor, SoftmaxScores
from mmwsss.models.stand_ins import (
    CLIPPretrainer,
    RegionPointDecoder,
    SAMFromMasks,
    SimulatedDetector,
)

__all__ = [
    'CLIP',
    'CLIPES',
    'CTI',
    'FMA',
    'ICAM',
    'RIB',
    'S2C',
    'SAM',
    'AffinityNet',
    'AveragedScores',
    'BackgroundComplementLoss',
    'BalancedCrossEntropyLoss',
    'BaseAffinityModel',
    'BaseCAMGenerator',
    'BatchDiceLoss',
    'CAMActivationLoss',
    'CAMGenerator',
    'CAMHead',
    'CAMPseudoLabelLoss',
    'CLIPPretrainer',
    'ClassMemory',
    'ClassTokenContrastLoss',
    'ClassTokenViT',
    'Co2SAM',
    'DeepLabV2Head',
    'DenseEnergyLoss',
    'FeatureSimilarityLoss',
    'FittedPretrainedInit',
    'FixedPrompts',
    'HFGroundingDINO',
    'IRNet',
    'ImportanceSamplingLoss',
    'LargeFOVHead',
    'LocalBert',
    'MCTformer',
    'MMDetGroundingDINO',
    'MapAgreementLoss',
    'MultiLabelContrastiveLoss',
    'PCMHead',
    'PatchCAMHead',
    'PatchTokenContrastLoss',
    'PretendedUnderFittingLoss',
    'PromptLearner',
    'PromptModel',
    'PseudoMaskMask2FormerHead',
    'RegionPointDecoder',
    'ResNet38d',
    'SAMDataPreprocessor',
    'SAMFromMasks',
    'SAMPointDecoder',
    'SegmentContrastLoss',
    'SimilaritySegmentor',
    'SimulatedDetector',
    'SoftmaxScores',
    'TokenAffinityLoss',
    'WSSSDataPreprocessor',
    'WeCLIP',
    'WeCLIPPlus',
    'read_params',
]
