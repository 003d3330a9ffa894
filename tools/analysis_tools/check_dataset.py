"""Check a data set before training: files, lists, tags, photos, masks. Exits with 1 on a gap.

    python tools/analysis_tools/check_dataset.py voc data/VOCdevkit/VOC2012
    python tools/analysis_tools/check_dataset.py folder my_photos --pixels
    python tools/analysis_tools/check_dataset.py voc part_of_voc --list train.txt val.txt
    python tools/analysis_tools/check_dataset.py voc my_voc --classes my_voc/labelmap.txt
    python tools/analysis_tools/check_dataset.py config configs/cam/cam_r18_folder.py

Prints the expected tree with a tick or a cross per entry, the number of photos of each class, and
what looks wrong: misread tags, photos that cannot be read, masks of other sizes, values or classes.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.config import Config, DictAction
from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from mmwsss.apis.photo_cost import photo_cost
from mmwsss.config import read_config
from mmwsss.datasets import (
    COCOTaggedDataset,
    MSRCDataset,
    TaggedDataset,
    TaggedFolder,
    VOCTaggedDataset,
)
from mmwsss.datasets.bare import build_bare_dataset, only_warnings
from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.datasets.labelmap import read_labelmap
from mmwsss.datasets.listing import list_folder, read_class_names, shown, unread_images
from mmwsss.datasets.tag_counts import count_remarks
from mmwsss.engine.cli import readable_errors
from mmwsss.installed import find_part
from mmwsss.stores.images import EXIF_ORIENTATION, image_size
from mmwsss.stores.mask_audit import MaskAudit

_THREADS = min(8, os.cpu_count() or 1)
console = Console(highlight=False, soft_wrap=True)


class Entry(NamedTuple):
    """An entry of the tree.

    Args:
        path: Below the root.
        role: What it is for.
        count: Files of the whole data set, 0 for any number; None for a file.
        required: Whether a gap is an error.
    """

    path: str
    role: str
    count: int | None = None
    required: bool = True


TREES: dict[str, list[Entry]] = {
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
    """The lists of a data set of a known kind."""
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


def look(root: Path, entry: Entry) -> tuple[bool, bool, str]:
    """Whether an entry is there, whether it is complete, and what is there."""
    path = root / entry.path
    if entry.count is None:
        return path.is_file(), path.is_file(), 'found' if path.is_file() else 'missing'
    if not path.is_dir():
        return False, False, f'missing, {entry.count or "some"} files expected'
    found = sum(len(files) for _, _, files in os.walk(path))
    expected = f' of {entry.count}' if entry.count else ''
    return found > 0, found >= max(1, entry.count), f'{found}{expected} files'


def check(
    kind: str,
    root: Path,
    *,
    pixels: bool = False,
    classes: Sequence[str] = (),
    lists: Sequence[str] = (),
) -> bool:
    """Print the report of a known layout. Returns whether nothing is missing.

    Args:
        kind: One of :data:`TREES`.
        root: Its folder.
        pixels: Decode every photo, not only its header.
        classes: Foreground names of an own data set in VOC's layout.
        lists: Its lists, below the root.
    """
    good = True
    console.print(f'{escape(str(root))}/')
    usable = True
    for entry in TREES[kind]:
        if lists and entry.count:  # of a part any number will do
            entry = entry._replace(count=0)
        there, complete, text = look(root, entry)
        good &= complete or not entry.required
        usable &= there or not entry.required or 'masks' in entry.path or 'Seg' in entry.path
        mark = '[green]✓' if complete else '[red]✗' if entry.required else '[yellow]-'
        console.print(f'  {mark}[/] {entry.path:<34} {text:<28} {entry.role}')
    if not usable:
        return False
    done: set[str] = set()
    for part in parts_of(kind, root, classes, lists):
        good &= _check_part(part, root, pixels, done)
    return good


def _check_part(part: Part, root: Path, pixels: bool, done: set[str]) -> bool:
    """Report one list; where photos of a shipped list are missing, those that are there."""
    with tempfile.TemporaryDirectory() as folder:
        good, ids = True, None
        try:
            dataset = part.build(root)
        except DataError as error:
            _cross(str(error))
            good, ids = False, Path(folder) / 'ids.txt'
            if 'split' not in part.options:
                return False
            wanted = part.kind.shipped_tags(part.options['split'])
            to_id = getattr(part.kind, 'id_of_stem', None)
            files = list_folder(root / part.photos, ('.jpg',), to_id, twice_ok=True)
            there = [i for i in files if i in wanted]
            if not there:
                return False
            ids.write_text('\n'.join(there))
            console.print(f'  [yellow]![/] {part.name}: the {len(there)} photos that are there:')
            dataset = part.build(root, ids=ids)
        good &= report(dataset, part.name, pixels=pixels, done=done, config=_network_of(part))
        masks = root / part.masks
        if masks.is_dir() and any(masks.iterdir()):
            try:
                good &= report_masks(part.build(root, ids=ids, masks=True))
            except DataError as error:
                _cross(str(error))
                good = False
    return good


def _network_of(part: Part) -> Config | None:
    """Config of the CAM network that a folder's recipe begins with; None for other data sets."""
    if part.kind is not TaggedFolder:
        return None
    return read_config(find_part('configs') / 'cam/cam_lite0_folder.py')


def check_config(path: str, options: dict, *, pixels: bool = False) -> bool:
    """Print the report of every data set of a config. Returns whether nothing is missing."""
    cfg = read_config(path)
    cfg.merge_from_dict(options)
    good, done = True, set()
    seen: list[Any] = []
    for stage in ('train', 'val', 'test'):
        loader = cfg.get(f'{stage}_dataloader')
        if loader is None:
            continue
        plain = {k: v for k, v in loader['dataset'].items() if k not in ('pipeline', 'test_mode')}
        if plain in seen:
            continue
        seen.append(plain)
        console.print(f'{stage}_dataloader')
        try:
            dataset = build_bare_dataset(loader['dataset'])
        except DataError as error:
            _cross(str(error))
            good = False
            continue
        good &= report(
            dataset, dataset.ann_file or 'all photos', pixels=pixels, done=done, config=cfg
        )
        if dataset.data_prefix.get('seg_map_path'):
            good &= report_masks(dataset)
    return good


def report(
    dataset: TaggedDataset,
    name: str,
    *,
    pixels: bool,
    done: set[str],
    config: Config | None = None,
) -> bool:
    """Print a data set's classes and the state of its photos. Returns whether all are usable.

    Args:
        dataset: The data set.
        name: Name of the list.
        pixels: Decode every photo.
        done: Photos that were looked at before; grows.
        config: What the cost of the largest photo is estimated for.
    """
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    counts = np.sum([info['gt_label'] for info in infos], axis=0).astype(int)
    names = dataset.metainfo['classes'][1:]
    listed = ', '.join(f'{name} {count}' for name, count in zip(names, counts, strict=True))
    untagged = sum(not info['gt_label'].any() for info in infos)
    console.print(
        f'  {escape(name)}: {len(infos)} photos, {untagged} of them without tags; photos a class: '
        f'{escape(listed)}'
    )
    notes = list(dataset.tag_remarks)
    if without := [n for n, count in zip(names, counts, strict=True) if not count and counts.any()]:
        notes.append(f'no photo has the tag {shown(without)}')
    notes += count_remarks(counts, names, len(infos))
    if unread := unread_images(dataset.data_prefix['img_path']):
        notes.append(f'{len(unread)} files cannot be read and are left out: '
                     f'{shown(unread.values())}')  # fmt: skip
    for note in notes:
        console.print(f'  [yellow]![/] {escape(note)}')
    paths = sorted({info['img_path'] for info in infos} - done)
    done.update(paths)
    bad, sizes = look_at_photos(
        paths, pixels, dataset.data_root, getattr(dataset, 'upright', False)
    )
    if sizes:
        note_largest(sizes, dataset.data_root, config)
    what = 'pixels' if pixels else 'headers'
    if bad:
        every = bad if pixels else [shown(bad)]
        _cross(f'{len(bad)} photos cannot be used: ' + '\n    '.join(every))
    else:
        console.print(f'  [green]✓[/] lists, tags and the {what} of {len(paths)} photos')
    return not bad


def look_at_photos(
    paths: Sequence[str], pixels: bool, root: str, upright: bool = False
) -> tuple[list[str], dict[str, tuple[int, int]]]:
    """Photos that show trouble, all of them, and (height, width) of each that can be opened.

    Prints a note on EXIF orientation.
    """
    sizes: dict[str, tuple[int, int]] = {}

    def below(path: str) -> str:
        return os.path.relpath(path, root) if root else path

    def one(path: str) -> tuple[str, bool]:
        try:
            with Image.open(path) as image:
                sizes[path] = image.size[::-1]
                turned = image.getexif().get(EXIF_ORIENTATION, 1) != 1
                if image.mode[0] in 'IF':
                    return f'{below(path)} (mode {image.mode})', turned
            if pixels:
                read_image(path)
        except ImageError as error:
            return str(error), False
        except (OSError, SyntaxError, ValueError):
            return f'{below(path)} (unreadable)', False
        return '', turned

    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(_bar(pool.map(one, paths), 'photos', len(paths)))
    if turned := sum(turned for _, turned in found):
        console.print(
            f'  [yellow]![/] note: {turned} photos have an EXIF orientation; it is '
            + (
                'applied: masks must be upright, as labelling tools make them (UPRIGHT=False '
                'takes pixels as stored)'
                if upright
                else 'not applied: masks and seeds must refer to the pixels as they are stored'
            )
        )
    return [text for text, _ in found if text], sizes


def note_largest(sizes: Mapping[str, tuple[int, int]], root: str, config: Config | None) -> None:
    """Print which photo is the largest, and what a CAM network would need for it."""
    path = max(sorted(sizes), key=lambda path: sizes[path][0] * sizes[path][1])
    height, width = sizes[path]
    name = os.path.relpath(path, root) if root else path
    text = f'largest photo: {name}, {width}x{height} ({height * width / 1e6:.1f} megapixels)'
    cost = None
    if config is not None:
        with suppress(ValueError):  # it reads a store, and no network sees the photo
            cost = photo_cost(config, (height, width))
    if cost is not None:
        text += (
            f'; {Path(config.filename).name} looks at it with up to {cost.size[1]}x{cost.size[0]} '
            f'pixels, which takes about {cost.mib / 1024:.1f} GiB and {max(1, cost.seconds):.0f} s '
            'on one CPU core with EfficientNet-Lite0 or ResNet-18 (an estimate; larger networks '
            'take several times that)'
        )
    console.print(f'  {escape(text)}')


def report_masks(dataset: TaggedDataset) -> bool:
    """Read every mask of a data set and print what is wrong. Returns whether all can be used."""
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    infos = [info for info in infos if info.get('seg_map_path')]
    folder = dataset.data_prefix['seg_map_path']
    if not infos:
        _cross(f'no photo of the list has a mask: {dataset.why_no_masks()}')
        return False
    audit = MaskAudit(dataset.metainfo['classes'])

    def one(info: dict) -> tuple[dict, np.ndarray | None, str]:
        try:
            size = image_size(info['img_path'], upright=info.get('upright', False))
        except (OSError, SyntaxError, ValueError):
            size = None
        try:
            path = info['seg_map_path']
            return info, read_mask(path, dataset.num_tags + 1, size=size), ''
        except ImageError as error:
            return info, None, str(error)

    bad = []
    known = dataset.tags.get('source') != 'none'
    with ThreadPoolExecutor(_THREADS) as pool:
        for info, mask, text in _bar(pool.map(one, infos), 'masks', len(infos)):
            if mask is None:
                bad.append(text)
            else:
                tags = np.flatnonzero(info['gt_label']).tolist() if known else None
                audit.add(info['img_id'], mask, tags)
    if bad:
        _cross(f'{len(bad)} of {len(infos)} masks cannot be used: {shown(bad)}')
    error = audit.error()
    if error:
        _cross(f'{folder}: {error}')
    for note in audit.remarks() if audit.rows and not error else ():
        console.print(f'  [yellow]![/] {escape(note)}')
    if not bad and not error:
        console.print(f'  [green]✓[/] {len(infos)} masks: sizes, values and classes')
    return not bad and not error


def _bar(work: Iterable, what: str, count: int) -> Iterable:
    """Progress, where somebody looks."""
    return track(work, what, count, transient=True, disable=not console.is_terminal)


def _cross(text: str) -> None:
    console.print(f'  [red]✗[/] {escape(text)}')


def main(argv: Sequence[str] | None = None) -> int:
    """Check a data set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('kind', choices=[*(k for k in TREES if k != 'own_voc'), 'config'])
    parser.add_argument('root', type=Path, help='folder of the data set, or the config')
    parser.add_argument('--pixels', action='store_true', help='decode every photo')
    parser.add_argument(
        '--classes', type=Path, help="VOC's layout, own classes: names, or CVAT's labelmap.txt"
    )
    parser.add_argument('--list', nargs='+', default=[], help='lists of images, relative to it')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE'
    )
    args = parser.parse_args(argv)
    if args.kind == 'config':
        with readable_errors(), only_warnings(logging.ERROR):  # what is logged stands in the table
            return 0 if check_config(str(args.root), args.cfg_options, pixels=args.pixels) else 1
    kind, classes, labelmap = args.kind, args.classes, args.root / 'labelmap.txt'
    if kind == 'voc' and classes is None and labelmap.is_file():
        classes = labelmap
    if args.list and kind != 'voc':
        parser.error('--list goes with voc; the other kinds have their own lists')
    if classes is not None and kind != 'voc':
        parser.error('--classes goes with voc; the classes of a folder are its tags')
    names: list[str] = []
    if classes is not None:
        try:
            is_map = classes.name == 'labelmap.txt'
            names = read_labelmap(classes)[1] if is_map else read_class_names(classes)
        except DataError as error:
            raise SystemExit(f'error: {error}') from None
        kind = 'own_voc'
    with only_warnings(logging.ERROR):
        good = check(kind, args.root, pixels=args.pixels, classes=names, lists=args.list)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
