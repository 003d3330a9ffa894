"""Loss functions."""

from mmwsss.models.losses.background_complement import BackgroundComplementLoss
from mmwsss.models.losses.balanced_cross_entropy import BalancedCrossEntropyLoss
from mmwsss.models.losses.batch_dice import BatchDiceLoss
from mmwsss.models.losses.cam_activation import CAMActivationLoss
from mmwsss.models.losses.cam_pseudo_label import CAMPseudoLabelLoss
from mmwsss.models.losses.class_token_contrast import ClassTokenContrastLoss
from mmwsss.models.losses.co2sam_loss import Co2SAMLoss
from mmwsss.models.losses.dense_energy import DenseEnergyLoss
from mmwsss.models.losses.feature_similarity import FeatureSimilarityLoss
from mmwsss.models.losses.importance_sampling import ImportanceSamplingLoss
from mmwsss.models.losses.map_agreement import MapAgreementLoss
from mmwsss.models.losses.multilabel_contrastive import MultiLabelContrastiveLoss
from mmwsss.models.losses.patch_token_contrast import PatchTokenContrastLoss
from mmwsss.models.losses.pretended_underfitting import PretendedUnderFittingLoss
from mmwsss.models.losses.segment_contrast import SegmentContrastLoss
from mmwsss.models.losses.token_affinity import TokenAffinityLoss

__all__ = [
    'BackgroundComplementLoss',
    'BalancedCrossEntropyLoss',
    'BatchDiceLoss',
    'CAMActivationLoss',
    'CAMPseudoLabelLoss',
    'ClassTokenContrastLoss',
    'Co2SAMLoss',
    'DenseEnergyLoss',
    'FeatureSimilarityLoss',
    'ImportanceSamplingLoss',
    'MapAgreementLoss',
    'MultiLabelContrastiveLoss',
    'PatchTokenContrastLoss',
    'PretendedUnderFittingLoss',
    'SegmentContrastLoss',
    'TokenAffinityLoss',
]
