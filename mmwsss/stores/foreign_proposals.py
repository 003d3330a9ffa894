"""Read proposals in the formats of SAM's tools and published repositories."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmwsss.stores.coco_rle import coco_mask
from mmwsss.stores.foreign_masks import read_png
from mmwsss.stores.pickled_records import load_pickled_records
from mmwsss.stores.safe_pickle import load_pickled_npy
from mmwsss.structures import Proposals

Size = tuple[int, int] | None


class ProposalFormat(NamedTuple):
    """One form of proposals: suffix of its files, its reader, a description for people."""

    suffix: str
    read: Callable[[Path, Size], Proposals]
    text: str


def read_amg(path: Path, size: Size) -> Proposals:
    """A list of SAM's records, or SA-1B's ``annotations``, in the order of the file.

    ``segmentation`` is a run-length code, compressed or not; ``predicted_iou``,
    ``stability_score`` and ``level`` (FMA-WSSS) may be absent.

    Raises:
        ValueError: The file is no such list, or a record cannot be decoded.
    """
    content = json.loads(path.read_text())
    return _of_records(content.get('annotations') if isinstance(content, dict) else content, size)


def read_fma_pickle(path: Path, size: Size) -> Proposals:
    """FMA-WSSS's own pickle of an image: SAM's records in a list of its own class.

    Nothing of the file is executed, and its class is not looked for: a list is what is read.

    Raises:
        ValueError: The file is no such list, or a record cannot be decoded.
    """
    return _of_records(load_pickled_records(path), size)


def _of_records(records: Any, size: Size) -> Proposals:
    """Proposals of SAM's records, in their order."""
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise ValueError(
            "a list of records with 'segmentation' is expected, or 'annotations' that hold it, "
            f'found {type(records).__name__}'
        )
    masks = []
    for number, record in enumerate(records):
        try:
            masks.append(coco_mask(record.get('segmentation'), size))
        except ValueError as error:
            raise ValueError(f'record {number}: {error}') from None
    if len(shapes := {mask.shape for mask in masks}) > 1:
        raise ValueError(f'its masks are of several sizes: {sorted(shapes)}')
    if not masks and size is None:
        raise ValueError('no record tells the image size: give the image folder (--images)')
    return Proposals.from_masks(
        np.array(masks, bool).reshape(len(masks), *(masks[0].shape if masks else size)),  # type: ignore[misc]
        iou=_column(records, 'predicted_iou', 1),
        stability=_column(records, 'stability_score', 1),
        level=_column(records, 'level', 0),
    )


def read_amg_folder(path: Path, size: Size) -> Proposals:
    """A folder of SAM's ``amg.py`` without ``--convert-to-rle``: ``0.png``, ... and a table.

    Args:
        path: ``metadata.csv`` beside the PNGs: a row a mask, by ``id``.
        size: Of the photo, if known.

    Raises:
        ValueError: The table names a mask that is missing or has another size, or lacks a column.
    """
    with open(path, newline='', encoding='utf-8') as file:
        records: list[dict[str, Any]] = list(csv.DictReader(file))
    masks: list[np.ndarray] = []
    for record in records:
        name = f'{record.get("id")}.png'
        if not re.fullmatch(r'\d+\.png', name):
            raise ValueError(f'a column id of whole numbers is expected, found {list(record)[:5]}')
        try:
            mask = read_png(path.parent / name, size)
        except (OSError, ValueError) as error:
            raise ValueError(f'{name}: {error}') from None
        if masks and mask.shape != masks[0].shape:
            raise ValueError(f'{name} is {mask.shape}, {records[0]["id"]}.png {masks[0].shape}')
        masks.append(mask > 127 if mask.max(initial=0) > 1 else mask > 0)
    if not masks and size is None:
        raise ValueError(
            'it has no mask that tells the image size: give the image folder (--images)'
        )
    return Proposals.from_masks(
        np.array(masks, bool).reshape(len(masks), *(masks[0].shape if masks else size)),  # type: ignore[misc]
        iou=_column(records, 'predicted_iou', 1),
        stability=_column(records, 'stability_score', 1),
        level=np.zeros(len(masks)),
    )


def read_se_map(path: Path, size: Size) -> Proposals:
    """S2C's segment map: -1 where there is no mask, else the mask's number, the best the highest.

    A mask that better ones cover completely stays as an empty proposal, so that all ids stay the
    same: ``label_map()`` gives the map back.

    Raises:
        ValueError: The file is no map of whole numbers, or of another size than the photo.
    """
    ids = load_pickled_npy(path)
    if not isinstance(ids, np.ndarray) or ids.ndim != 2 or ids.dtype.kind not in 'iu':
        raise ValueError(
            f'a map (H, W) of whole numbers is expected, found {type(ids).__name__} '
            f'{getattr(ids, "dtype", "")} {getattr(ids, "shape", "")}'
        )
    if size is not None and ids.shape != size:
        raise ValueError(
            f'it is {ids.shape[0]}x{ids.shape[1]} (height x width), the photo {size[0]}x{size[1]}'
        )
    ids = ids.astype(np.int64)
    if ids.min() < -1 or ids.max() > 65535:
        raise ValueError(f'ids -1 and up are expected, found {ids.min()}..{ids.max()}')
    count = int(ids.max()) + 1
    masks = ids[None] == np.arange(count - 1, -1, -1)[:, None, None]
    unknown = np.ones(count)
    return Proposals.from_masks(masks, iou=unknown, stability=unknown, level=np.zeros(count))


def _column(records: list[dict], name: str, default: float) -> np.ndarray:
    values: list[Any] = [record.get(name, default) for record in records]
    try:
        return np.array(values, np.float32).reshape(len(records))
    except (TypeError, ValueError):
        raise ValueError(f'{name} is a number in every record') from None


PROPOSAL_FORMATS: dict[str, ProposalFormat] = {
    'amg': ProposalFormat(
        '.json',
        read_amg,
        "proposals: SAM's amg records with RLE, compressed or not (SAM, SA-1B, FMA-WSSS)",
    ),
    'amg-png': ProposalFormat(
        '/metadata.csv',
        read_amg_folder,
        "proposals: folders of PNGs with metadata.csv, as SAM's amg.py writes them",
    ),
    'fma-sam': ProposalFormat(
        '.pkl',
        read_fma_pickle,
        "proposals: FMA-WSSS's pickles of SAM's records, levels included",
    ),
    'se': ProposalFormat('.npy', read_se_map, "proposals: S2C's segment-everything maps"),
}
