"""Compare two stores: where one is better than the other, and which classes they confuse."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmwsss.datasets.io import read_mask
from mmwsss.evaluation.tables import write_confusion, write_csv
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.stores import Store, StoreError, StoreMismatch, open_store
from mmwsss.structures import Seeds

UNDECIDED = 255


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two stores on the images that both hold.

    Args:
        classes: Names of all n classes, background first.
        images: Rows by image: ``image``, ``agreement`` (% of the pixels) and, where there is a
            mask, ``IoU A``, ``IoU B``, ``gain`` (A minus B), ``right in A only`` and
            ``right in B only`` (% of the scored pixels). The largest gain first.
        by_class: Rows by class: ``class``, ``IoU A``, ``IoU B``, ``gain``; empty without masks.
        between: Pixels of each pair of labels of A (rows) and B (columns), undecided last.
            Shape: (n + 1, n + 1), int64.
        right: Those of these pixels where A is right, and where B is right. Shape: (2, n + 1, n +
            1).
        miou: mIoU of A and B in percent, or None without masks.
        only: Number of images that only A holds, and that only B holds.
    """

    classes: tuple[str, ...]
    images: list[dict[str, Any]]
    by_class: list[dict[str, Any]]
    between: np.ndarray
    right: np.ndarray
    miou: tuple[float, float] | None
    only: tuple[int, int]

    def confused(self, count: int = 10) -> list[dict[str, Any]]:
        """Pairs of different labels with the most pixels, and which store is right about them."""
        names = (*self.classes, 'undecided')
        pixels = self.between * (1 - np.eye(len(names), dtype=np.int64))
        order = np.argsort(-pixels, axis=None, kind='stable')[:count]
        rows = []
        for a, b in zip(*np.unravel_index(order, pixels.shape), strict=True):
            if pixels[a, b]:
                right = self.right[:, a, b].tolist() if self.miou else ['', '']
                rows.append(
                    {
                        'A': names[a],
                        'B': names[b],
                        'pixels': int(pixels[a, b]),
                        'A right': right[0],
                        'B right': right[1],
                    }
                )
        return rows

    def write(self, folder: str | Path) -> None:
        """Write ``images.csv``, ``classes.csv``, ``confused.csv`` and the confusion of A and B."""
        folder, names = Path(folder), (*self.classes, 'undecided')
        write_csv(folder / 'images.csv', self.images)
        if self.by_class:
            write_csv(folder / 'classes.csv', self.by_class)
        if rows := self.confused(len(names) ** 2):
            write_csv(folder / 'confused.csv', rows)
        write_confusion(folder, 'A', 'B', self.between, names, names)


def compare_stores(
    first: str | Path,
    second: str | Path,
    *,
    dataset: Any = None,
    background_first: float | None = None,
    background_second: float | None = None,
) -> Comparison:
    """Compare two stores of scores or masks, image by image.

    Args:
        first: Store A.
        second: Store B, of the same classes.
        dataset: A tagged data set; only its images are compared, with its masks where it has any.
        background_first: Background score at which scores of A become labels. By default they
            have a background map.
        background_second: The same for B.

    Returns:
        The comparison. Undecided pixels count as errors.

    Raises:
        StoreError: A store is broken, holds proposals, or a background score is missing.
        StoreMismatch: They are of other classes, have no image in common, or maps of an image
            differ in size.
    """
    stores = [open_store(folder) for folder in (first, second)]
    for store in stores:
        if (kind := store.meta.kind) not in ('scores', 'masks'):
            raise StoreError(f'{store.folder}: holds {kind}, scores or masks can be compared')
    classes = stores[0].meta.classes
    stores[1].require(classes=classes)
    infos = None
    if dataset is not None:
        stores[0].require(classes=dataset.metainfo['classes'][1:])
        infos = {info['img_id']: info for info in map(dataset.get_data_info, range(len(dataset)))}
    held = [{id for id in store if infos is None or id in infos} for store in stores]
    both = sorted(held[0] & held[1])
    if not both:
        raise StoreMismatch(
            f'{first} and {second} have no image in common'
            + ('' if infos is None else f' among the {len(infos)} of the data set')
            + f': they hold {len(held[0])} and {len(held[1])}'
        )
    side = len(classes) + 2  # all classes, the background, the undecided
    between, right = np.zeros((side, side), np.int64), np.zeros((2, side, side), np.int64)
    tables = np.zeros((2, side - 1, side), np.int64)
    rows, any_truth = [], False
    for id in both:
        backgrounds = (background_first, background_second)
        a, b = (_labels(s, id, x, side) for s, x in zip(stores, backgrounds, strict=True))
        if a.shape != b.shape:
            raise StoreMismatch(
                f'{id}: of size {a.shape} in {first} and {b.shape} in {second} (height, width): '
                'they were made from other versions of the photo'
            )
        pair = confusion(b, a, side, ignore=side)
        between += pair
        row: dict[str, Any] = {'image': id, 'agreement': 100 * float(np.trace(pair) / a.size)}
        path = None if infos is None else infos[id].get('seg_map_path')
        if path is not None:
            any_truth = True
            truth = read_mask(path, side - 1, size=a.shape, img_id=id)
            row |= _against_truth(a, b, truth, tables, right)
        rows.append(row)
    rows.sort(key=lambda row: -np.nan_to_num(row.get('gain', 0.0)))
    scores = scores_from_confusion(tables) if any_truth else None
    names = ('background', *classes)
    columns = max(rows, key=lambda row: len(row))  # those with ground truth have more
    return Comparison(
        names,
        [{**dict.fromkeys(columns, float('nan')), **row} for row in rows],
        [] if scores is None else _class_rows(names, 100 * scores.iou),
        between,
        right,
        None if scores is None else tuple((100 * scores.miou).tolist()),
        (len(held[0]) - len(both), len(held[1]) - len(both)),
    )


def _labels(store: Store, id: str, background: float | None, side: int) -> np.ndarray:
    """Label map of an entry, the undecided being ``side - 1``. Shape: (H, W)."""
    value = store[id]
    if isinstance(value, Seeds):
        if background is None and value.background is None and len(value.classes):
            raise StoreError(
                f'{store.folder}: {id} holds scores without a background map: give the background '
                'score at which they become labels'
            )
        value = value.to_mask(0.0 if not len(value.classes) else background)
    return np.where(value == UNDECIDED, side - 1, value).astype(np.int64)


def _against_truth(
    a: np.ndarray, b: np.ndarray, truth: np.ndarray, tables: np.ndarray, right: np.ndarray
) -> dict[str, float]:
    """Row of an image; adds it to the confusions with the truth and to the right pixels."""
    side = tables.shape[-1]
    known = truth < side - 1
    a, b, truth = a[known], b[known], truth[known].astype(np.int64)
    ious, hits = [], []
    for index, labels in enumerate((a, b)):
        table = confusion(labels, truth, side, ignore=side)[:-1]
        tables[index] += table
        ious.append(100 * float(scores_from_confusion(table).miou))
        hits.append(labels == truth)
        right[index] += confusion(b[hits[-1]], a[hits[-1]], side, ignore=side)
    total = max(known.sum(), 1)
    return {
        'IoU A': ious[0],
        'IoU B': ious[1],
        'gain': ious[0] - ious[1],
        'right in A only': 100 * float((hits[0] & ~hits[1]).sum() / total),
        'right in B only': 100 * float((hits[1] & ~hits[0]).sum() / total),
    }


def _class_rows(names: tuple[str, ...], iou: np.ndarray) -> list[dict[str, Any]]:
    return [
        {'class': name, 'IoU A': float(a), 'IoU B': float(b), 'gain': float(a - b)}
        for name, a, b in zip(names, *iou, strict=True)
    ]
