"""Data sets of photos with image-level labels, and the transforms of their samples."""

from mmwsss.datasets import transforms
from mmwsss.datasets.coco import COCOTaggedDataset
from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.folder import TaggedFolder
from mmwsss.datasets.msrc import MSRCDataset
from mmwsss.datasets.seeding import EpochCounter, seeded
from mmwsss.datasets.shapes import ShapesDataset
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.datasets.voc import VOCTaggedDataset
from mmwsss.lazy import lazy_names

#: It derives from mmseg's data sets, whose import reads a vocabulary.
HOMES = {'PseudoMaskDataset': 'mmwsss.datasets.pseudo_masks'}

__all__ = [
    'COCOTaggedDataset',
    'DataError',
    'EpochCounter',
    'ImageError',
    'MSRCDataset',
    *HOMES,
    'ShapesDataset',
    'TaggedDataset',
    'TaggedFolder',
    'VOCTaggedDataset',
    'seeded',
    'transforms',
]
__getattr__ = lazy_names(__name__, HOMES)
