"""Data sets of photos with image-level labels, and the transforms of their samples."""

from mmwsss.datasets import transforms
from mmwsss.datasets.coco import COCOTaggedDataset
from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.folder import TaggedFolder
from mmwsss.datasets.msrc import MSRCDataset
from mmwsss.datasets.pseudo_masks import PseudoMaskDataset
from mmwsss.datasets.seeding import EpochCounter, seeded
from mmwsss.datasets.shapes import ShapesDataset
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.datasets.voc import VOCTaggedDataset

__all__ = [
    'COCOTaggedDataset',
    'DataError',
    'EpochCounter',
    'ImageError',
    'MSRCDataset',
    'PseudoMaskDataset',
    'ShapesDataset',
    'TaggedDataset',
    'TaggedFolder',
    'VOCTaggedDataset',
    'seeded',
    'transforms',
]
