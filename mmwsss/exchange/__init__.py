"""Masks in the formats of labelling tools, out of a store and back into it."""

from mmwsss.exchange.base import Entry, ExchangeFormat, MaskReader, Problem
from mmwsss.exchange.coco import CocoFormat
from mmwsss.exchange.exporting import export_masks
from mmwsss.exchange.importing import Imported, import_corrections, import_new_store
from mmwsss.exchange.label_studio import LabelStudioFormat
from mmwsss.exchange.labelme import LabelmeFormat
from mmwsss.exchange.png_folders import ColourFormat, CvatFormat, IndexFormat, VocFormat

#: Every format by its name on the command line.
EXCHANGE_FORMATS: dict[str, ExchangeFormat] = {
    'coco': CocoFormat(polygons=True),
    'coco-rle': CocoFormat(polygons=False),
    'label-studio': LabelStudioFormat(),
    'cvat': CvatFormat(),
    'labelme': LabelmeFormat(),
    'colours': ColourFormat(),
    'voc': VocFormat(),
    'png': IndexFormat(),
}

__all__ = [
    'EXCHANGE_FORMATS',
    'CocoFormat',
    'ColourFormat',
    'CvatFormat',
    'Entry',
    'ExchangeFormat',
    'Imported',
    'IndexFormat',
    'LabelStudioFormat',
    'LabelmeFormat',
    'MaskReader',
    'Problem',
    'VocFormat',
    'export_masks',
    'import_corrections',
    'import_new_store',
]
