"""Read image-level labels from label lists, CSV files, VOC's XML files, or masks."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.io import read_mask
from mmwsss.datasets.listing import composed, list_folder, read_lines, shown
from mmwsss.datasets.tag_csv import read_tag_csv
from mmwsss.datasets.tag_table import TagTable

__all__ = [
    'TagTable',
    'multi_hot',
    'names_to_ids',
    'read_tag_csv',
    'read_tag_list',
    'read_tag_masks',
    'read_tag_xml',
    'require_tags',
]


def multi_hot(
    table: Mapping[str, Sequence[int]], ids: Sequence[str], num_classes: int
) -> np.ndarray:
    """Tags of ``ids`` as float32 (N, C)."""
    counts = [len(table[i]) for i in ids]
    columns = np.fromiter((k for i in ids for k in table[i]), dtype=np.int64, count=sum(counts))
    labels = np.zeros((len(ids), num_classes), dtype=np.float32)
    labels[np.repeat(np.arange(len(ids)), counts), columns] = 1
    return labels


def names_to_ids(
    table: TagTable, classes: Sequence[str], source: str | Path
) -> dict[str, list[int]]:
    """Look up tag names in the class list.

    Raises:
        DataError: Tags that are not in it, each with the closest class.
    """
    index = {composed(name): k for k, name in enumerate(classes)}
    unknown: dict[str, str] = {}
    for img_id, names in table.tags.items():
        for name in names:
            if name not in index:
                line = table.lines.get(img_id)
                unknown.setdefault(name, f'line {line}' if line else f'image {img_id!r}')
    if unknown:
        raise DataError(
            f'{source}: {len(unknown)} tags are not in the class list: '
            + shown(f'{name!r} ({where}){_guess(name, classes)}' for name, where in unknown.items())
            + f'. The {len(classes)} classes: {shown(classes)}'
        )
    return {img_id: [index[name] for name in names] for img_id, names in table.tags.items()}


def _guess(name: str, classes: Sequence[str]) -> str:
    lowered = {c.lower(): c for c in classes}
    close = difflib.get_close_matches(name.lower(), lowered, n=1)
    return f', did you mean {lowered[close[0]]!r}?' if close else ''


def read_tag_list(paths: Iterable[str | Path], num_classes: int, offset: int) -> dict[str, list]:
    """Read label lists: an id and class numbers a line.

    Args:
        paths: The lists; an id may occur once.
        num_classes: C.
        offset: Number of the first foreground class (VOC lists 1, COCO lists 0).

    Returns:
        Image id -> class ids 0..C-1.
    """
    table: dict[str, list[int]] = {}
    for path in paths:
        for number, line in enumerate(read_lines(path), start=1):
            img_id, *labels = line.split()
            if img_id in table:
                raise DataError(f'{path}: image {img_id!r} occurs twice (again as entry {number})')
            try:
                table[img_id] = [int(label) - offset for label in labels]
            except ValueError:
                raise DataError(f'{path}: entry {number} is no id and numbers: {line!r}') from None
            if labels and not 0 <= min(table[img_id]) <= max(table[img_id]) < num_classes:
                raise DataError(
                    f'{path}: entry {number} ({line!r}): class numbers {offset}..'
                    f'{num_classes - 1 + offset} are expected (offset {offset})'
                )
    return table


def read_tag_xml(folder: str | Path, ids: Sequence[str], difficult: bool) -> TagTable:
    """Read the names of the objects in VOC's annotation files.

    Args:
        folder: Folder of ``ID.xml``.
        ids: Images wanted.
        difficult: Whether objects marked difficult count, as in the lists of published methods.
    """
    tags: dict[str, list[str]] = {}
    missing = []
    for img_id in ids:
        path = os.path.join(folder, f'{img_id}.xml')
        try:
            objects = ElementTree.parse(path).iterfind('object')
        except FileNotFoundError:
            missing.append(img_id)
            continue
        except ElementTree.ParseError as error:
            raise DataError(f'{path}: damaged annotation file ({error})') from error
        names = (
            composed(o.findtext('name', '').strip())
            for o in objects
            if difficult or o.findtext('difficult', '0').strip() != '1'
        )
        tags[img_id] = list(dict.fromkeys(names))
    if missing:
        raise DataError(
            f'{folder}: {len(missing)} of {len(ids)} images have no annotation file: '
            f'{shown(missing)}'
        )
    return TagTable(tags, {})


def read_tag_masks(
    folder: str | Path,
    ids: Sequence[str],
    num_classes: int,
    to_id: Callable[[str], str] | None = None,
) -> dict[str, list[int]]:
    """Use the classes that occur in masks as tags. Reads every mask (in several threads)."""
    files = list_folder(folder, ('.png',), to_id)
    missing = [img_id for img_id in ids if img_id not in files]
    if missing:
        raise DataError(f'{folder}: {len(missing)} of {len(ids)} masks missing: {shown(missing)}')

    def classes(img_id: str) -> list[int]:
        mask = read_mask(os.path.join(folder, files[img_id]), num_classes + 1, img_id=img_id)
        return np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[1:255]).tolist()

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return dict(zip(ids, pool.map(classes, ids), strict=True))


def require_tags(table: Mapping[str, Any], ids: Sequence[str], source: str | Path) -> None:
    """Raise an error if a tag file lacks images of the list.

    Raises:
        DataError: Names the first of them.
    """
    missing = [img_id for img_id in ids if img_id not in table]
    if missing:
        raise DataError(
            f'{source}: no tags for {len(missing)} of {len(ids)} images: {shown(missing)}. An '
            "image without any tag has a line with its id alone; with tags=dict(source='none') "
            'all images count as untagged'
        )
