"""The known layouts of data sets: what lies where, and the lists that they have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmwsss.datasets import (
    COCOTaggedDataset,
    MSRCDataset,
    TaggedDataset,
    TaggedFolder,
    VOCTaggedDataset,
)


class Entry(NamedTuple):
    """An entry of the tree.

    Args:
        path: Below the root.
        role: What it is for.
        files: Files of the whole data set, 0 for any number; None for a file.
        required: Whether a gap is an error.
    """

    path: str
    role: str
    files: int | None = None
    required: bool = True

    def look(self, root: Path) -> tuple[bool, bool, str]:
        """Whether it is there, whether it is complete, and what is there."""
        path = root / self.path
        if self.files is None:
            return path.is_file(), path.is_file(), 'found' if path.is_file() else 'missing'
        if not path.is_dir():
            return False, False, f'missing, {self.files or "some"} files expected'
        found = sum(len(files) for _, _, files in os.walk(path))
        expected = f' of {self.files}' if self.files else ''
        return found > 0, found >= max(1, self.files), f'{found}{expected} files'

    @property
    def masks(self) -> bool:
        """Whether masks lie there, without which the rest can be checked."""
        return 'masks' in self.path or 'Seg' in self.path


LAYOUTS: dict[str, list[Entry]] = {
    'voc': [
        Entry('JPEGImages', 'photos', 12031),
        Entry('SegmentationClass', 'masks, to evaluate', 2913),
        Entry('SegmentationClassAug', 'masks with SBD (voc_aug.py)', 12031, required=False),
        Entry('Annotations', "tags, for dict(source='xml') only", 12031, required=False),
    ],
    'own_voc': [
        Entry('JPEGImages', 'photos', 0),
        Entry('Annotations', 'tags', 0),
        Entry('SegmentationClass', 'masks, to evaluate', 0, required=False),
    ],
    'coco': [
        Entry('train2014', 'photos', 82783),
        Entry('val2014', 'photos', 40504),
        Entry('masks/train2014', 'masks, to evaluate (coco_to_masks.py)', 82081),
        Entry('masks/val2014', 'masks, to evaluate (coco_to_masks.py)', 40137),
    ],
    'msrc': [
        Entry('JPEGImages', 'photos', 0),
        Entry('SegmentationClass', 'masks, to evaluate', 0),
        Entry('ImageSets/Segmentation/train.txt', 'list'),
        Entry('ImageSets/Segmentation/val.txt', 'list'),
        Entry('image_labels.txt', 'tags'),
    ],
    'folder': [
        Entry('images', 'photos', 0),
        Entry('tags.csv', 'tags: image,tag;tag'),
        Entry('masks', 'masks, to evaluate', 0, required=False),
    ],
}


class Part(NamedTuple):
    """A list of a data set.

    Args:
        name: Its name.
        kind: Class of the data set.
        options: Its arguments, beside the root.
        photos: Folder of the photos below the root.
        masks: Folder of the masks below the root.
    """

    name: str
    kind: Any
    options: dict[str, Any]
    photos: str
    masks: str

    def build(self, root: Path, *, ids: Path | None = None, masks: bool = False) -> TaggedDataset:
        """Build the data set.

        Args:
            root: Its folder.
            ids: A file with a part of its ids.
            masks: Whether with its masks.
        """
        options = dict(self.options)
        if ids is not None:
            options.pop('split')
            options['ann_file'] = str(ids)
        prefix = {'img_path': self.photos, **({'seg_map_path': self.masks} if masks else {})}
        return self.kind(data_root=str(root), data_prefix=prefix, test_mode=True, **options)


def parts_of(kind: str, root: Path, classes: Sequence[str], lists: Sequence[str]) -> list[Part]:
    """The lists of a data set.

    Args:
        kind: One of :data:`LAYOUTS`.
        root: Its folder.
        classes: Foreground names of an own data set in VOC's layout.
        lists: Its own lists, below the root.
    """
    photos, masks = 'JPEGImages', 'SegmentationClass'
    if kind == 'voc':
        masks += 'Aug' * (root / 'SegmentationClassAug').is_dir()
        if lists:
            return [Part(f, VOCTaggedDataset, {'ann_file': f}, photos, masks) for f in lists]
        splits = ('train_aug', 'val')
        return [Part(s, VOCTaggedDataset, {'split': s}, photos, masks) for s in splits]
    if kind == 'coco':
        return [
            Part(s, COCOTaggedDataset, {'split': s}, f'{s}2014', f'masks/{s}2014')
            for s in ('train', 'val')
        ]
    if kind == 'folder':
        return [Part('all photos', TaggedFolder, {}, 'images', 'masks')]
    if kind == 'msrc':
        files = [f'ImageSets/Segmentation/{split}.txt' for split in ('train', 'val')]
        return [Part(file, MSRCDataset, {'ann_file': file}, photos, masks) for file in files]
    options = dict(
        tags=dict(source='xml'), metainfo=dict(classes=('background', *classes)), img_suffix=None
    )
    return [
        Part(name or 'all photos', TaggedDataset, {**options, 'ann_file': name}, photos, masks)
        for name in lists or ['']
    ]
