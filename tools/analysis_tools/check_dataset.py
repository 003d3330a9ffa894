"""Prints the tree that a data set should have, with a tick or a cross per entry; 1 on a gap.

Example: ``python tools/analysis_tools/check_dataset.py voc data/VOCdevkit/VOC2012``
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from rich.console import Console
from rich.progress import track

from mmwsss.datasets import COCOTaggedDataset, MSRCDataset, TaggedFolder, VOCTaggedDataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.io import shown

_EXIF_ORIENTATION = 0x0112


class Entry(NamedTuple):
    """An entry of the tree.

    Args:
        path: Below the root.
        role: What it is for.
        count: Files expected, 0 for any number; None for a file.
        required: Whether a gap is an error.
    """

    path: str
    role: str
    count: int | None = None
    required: bool = True


def _voc(root: str, split: str) -> VOCTaggedDataset:
    return VOCTaggedDataset(data_root=root, split=split)


def _listed(kind: type, root: str, split: str):
    return kind(data_root=root, ann_file=f'ImageSets/Segmentation/{split}.txt')


TREES: dict[str, list[Entry]] = {
    'voc': [
        Entry('JPEGImages', 'photos', 12031),
        Entry('SegmentationClass', 'masks, to evaluate', 2913),
        Entry('SegmentationClassAug', 'masks with SBD (voc_aug.py)', 12031, required=False),
        Entry('Annotations', "tags, for dict(source='xml') only", 12031, required=False),
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
LOADERS: dict[str, list[Callable]] = {
    'voc': [lambda root: _voc(root, 'train_aug'), lambda root: _voc(root, 'val')],
    'coco': [
        lambda root: COCOTaggedDataset(data_root=root, split='train'),
        lambda root: COCOTaggedDataset(data_root=root, split='val'),
    ],
    'msrc': [
        lambda root: _listed(MSRCDataset, root, 'train'),
        lambda root: _listed(MSRCDataset, root, 'val'),
    ],
    'folder': [lambda root: TaggedFolder(data_root=root)],
}


def look(root: Path, entry: Entry) -> tuple[bool, str]:
    """Whether an entry is complete, and what is there."""
    path = root / entry.path
    if entry.count is None:
        return path.is_file(), 'found' if path.is_file() else 'missing'
    if not path.is_dir():
        return False, f'missing, {entry.count or "some"} files expected'
    found = sum(len(files) for _, _, files in os.walk(path))
    expected = f' of {entry.count}' if entry.count else ''
    return found >= max(1, entry.count), f'{found}{expected} files'


def headers(root: Path, paths: list[str]) -> list[str]:
    """Photos whose header alone shows trouble, and a note on EXIF orientation."""
    bad, turned = [], 0
    for path in track(paths, 'headers', transient=True):
        try:
            with Image.open(path) as image:
                turned += image.getexif().get(_EXIF_ORIENTATION, 1) != 1
                if image.mode[0] in 'IF':
                    bad.append(f'{os.path.relpath(path, root)} (mode {image.mode})')
        except (OSError, SyntaxError, ValueError):
            bad.append(f'{os.path.relpath(path, root)} (unreadable)')
    if turned:
        print(f'  note: {turned} photos have an EXIF orientation; it is not applied')
    return bad


def check(kind: str, root: Path) -> bool:
    """Print the report; whether there is no gap."""
    console, good = Console(highlight=False, soft_wrap=True), True
    console.print(f'{root}/')
    for entry in TREES[kind]:
        there, text = look(root, entry)
        good &= there or not entry.required
        mark = '[green]✓' if there else '[red]✗' if entry.required else '[yellow]-'
        console.print(f'  {mark}[/] {entry.path:<34} {text:<28} {entry.role}')
    if not good:
        return False
    photos: set[str] = set()
    for load in LOADERS[kind]:
        try:
            dataset = load(str(root))
        except DataError as error:
            console.print(f'  [red]✗[/] {error}', markup=True)
            return False
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        photos.update(info['img_path'] for info in infos)
    bad = headers(root, sorted(photos))
    if bad:
        console.print(f'  [red]✗[/] {len(bad)} photos cannot be used: {shown(bad)}', markup=True)
    else:
        console.print(f'  [green]✓[/] lists, tags and the headers of {len(photos)} photos')
    return not bad


def main(argv: list[str] | None = None) -> int:
    """Check a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('kind', choices=TREES)
    parser.add_argument('root', type=Path)
    args = parser.parse_args(argv)
    return 0 if check(args.kind, args.root) else 1


if __name__ == '__main__':
    sys.exit(main())
