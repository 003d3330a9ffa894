"""Loss functions."""

from mmwsss.models.losses.cam_pseudo_label import CAMPseudoLabelLoss
from mmwsss.models.losses.segment_contrast import SegmentContrastLoss

__all__ = ['CAMPseudoLabelLoss', 'SegmentContrastLoss']
