"""Transforms of samples; ``results['img']`` is RGB uint8 (H, W, 3)."""

from mmwsss.datasets.transforms.affinity import (
    CRFPairLabels,
    MaskPairLabels,
    RandomScale,
    TopLeftCropPad,
)
from mmwsss.datasets.transforms.disjoint import LoadDisjoint
from mmwsss.datasets.transforms.entries import (
    LoadCRFScores,
    LoadEvidence,
    LoadFromStore,
    LoadPrompts,
    LoadProposals,
    LoadPseudoMask,
    LoadSeeds,
)
from mmwsss.datasets.transforms.formatting import PackTagged
from mmwsss.datasets.transforms.geometry import (
    MultiScale,
    RandomCropPad,
    RandomFlip,
    RandomResizeLong,
    Resize,
)
from mmwsss.datasets.transforms.loading import LoadImage, LoadMask
from mmwsss.datasets.transforms.objects import ObjectsFromMask
from mmwsss.datasets.transforms.opencv import HSVShift, RandomRescale
from mmwsss.datasets.transforms.photometry import ColorJitter
from mmwsss.datasets.transforms.prompt_tuning import (
    AbsColorJitter,
    RandomCropInside,
    RandomMirror,
    RandomResizeCovering,
    ResizeToMultiple,
)
from mmwsss.datasets.transforms.prompted import Co2SAMViews, ToSAMFrame
from mmwsss.datasets.transforms.rand_augment import RandAugment
from mmwsss.datasets.transforms.random_crop import RandomCrop
from mmwsss.datasets.transforms.random_resized_crop import RandomResizedCrop
from mmwsss.datasets.transforms.segments import (
    RegionsFromProposals,
    RelabelSegments,
    SegmentsFromProposals,
)
from mmwsss.datasets.transforms.token_contrast_views import TokenContrastViews
from mmwsss.datasets.transforms.two_views import TwoViews

__all__ = [
    'AbsColorJitter',
    'CRFPairLabels',
    'Co2SAMViews',
    'ColorJitter',
    'HSVShift',
    'LoadCRFScores',
    'LoadDisjoint',
    'LoadEvidence',
    'LoadFromStore',
    'LoadImage',
    'LoadMask',
    'LoadPrompts',
    'LoadProposals',
    'LoadPseudoMask',
    'LoadSeeds',
    'MaskPairLabels',
    'MultiScale',
    'ObjectsFromMask',
    'PackTagged',
    'RandAugment',
    'RandomCrop',
    'RandomCropInside',
    'RandomCropPad',
    'RandomFlip',
    'RandomMirror',
    'RandomRescale',
    'RandomResizeCovering',
    'RandomResizeLong',
    'RandomResizedCrop',
    'RandomScale',
    'RegionsFromProposals',
    'RelabelSegments',
    'Resize',
    'ResizeToMultiple',
    'SegmentsFromProposals',
    'ToSAMFrame',
    'TokenContrastViews',
    'TopLeftCropPad',
    'TwoViews',
]
