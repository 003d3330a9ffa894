"""Loss functions."""

from mmwsss.models.losses.background_complement import BackgroundComplementLoss
from mmwsss.models.losses.cam_activation import CAMActivationLoss
from mmwsss.models.losses.cam_pseudo_label import CAMPseudoLabelLoss
from mmwsss.models.losses.co2sam_loss import Co2SAMLoss
from mmwsss.models.losses.feature_similarity import FeatureSimilarityLoss
from mmwsss.models.losses.importance_sampling import ImportanceSamplingLoss
from mmwsss.models.losses.map_agreement import MapAgreementLoss
from mmwsss.models.losses.multilabel_contrastive import MultiLabelContrastiveLoss
from mmwsss.models.losses.pretended_underfitting import PretendedUnderFittingLoss
from mmwsss.models.losses.segment_contrast import SegmentContrastLoss

__all__ = [
    'BackgroundComplementLoss',
    'CAMActivationLoss',
    'CAMPseudoLabelLoss',
    'Co2SAMLoss',
    'FeatureSimilarityLoss',
    'ImportanceSamplingLoss',
    'MapAgreementLoss',
    'MultiLabelContrastiveLoss',
    'PretendedUnderFittingLoss',
    'SegmentContrastLoss',
]
