"""Tables and plots of scores by class and by image."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmwsss.evaluation.plots import plot_confusion
from mmwsss.ops.confusion import AbsentRule, scores_from_confusion
from mmwsss.stores.atomic import atomic_write_bytes


def write_csv(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the keys of the first as heading; NaN becomes an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator='\n')
    writer.writeheader()
    for row in rows:
        writer.writerow({key: '' if value != value else value for key, value in row.items()})
    atomic_write_bytes(Path(path), text.getvalue().encode())


def write_tables(
    folder: str | Path,
    classes: Sequence[str],
    ids: Sequence[str],
    tables: Iterable[np.ndarray],
    absent: AbsentRule = 'nan',
) -> None:
    """Write ``classes.csv``, ``images.csv``, ``confusion.csv`` and ``confusion.png``.

    Scores are in percent. A row of ``images.csv`` holds the mean over the classes that the image
    or its prediction has, which is for ranking images: the means of the list come from pixels that
    are added up.

    Args:
        folder: Where to; created if it does not exist.
        classes: Names of all n classes, background first.
        ids: Image ids.
        tables: Confusion of each image, with or without a column of undecided pixels.
            Shape: (n, n) or (n, n + 1).
        absent: How classes without pixels enter ``classes.csv``.
    """
    folder, rows = Path(folder), []
    total: np.ndarray = np.zeros((), np.int64)
    for id, table in zip(ids, tables, strict=True):
        total = total + table
        rows.append({'image': id, **_image_row(table, classes)})
    write_csv(folder / 'images.csv', rows)
    scores = scores_from_confusion(total, absent)
    true, claimed = total.sum(1), total.sum(0)
    names = [*classes, 'undecided'][: total.shape[1]]
    write_csv(
        folder / 'classes.csv',
        [
            {
                'class': name,
                'IoU': 100 * float(scores.iou[index]),
                'precision': 100 * float(scores.precision[index]),
                'recall': 100 * float(scores.recall[index]),
                'pixels': int(true[index]),
                'predicted pixels': int(claimed[index]),
            }
            for index, name in enumerate(classes)
        ],
    )
    write_confusion(folder, 'ground truth', 'prediction', total, classes, names)


def write_confusion(
    folder: str | Path,
    row: str,
    column: str,
    counts: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
) -> None:
    """Write ``confusion.csv``, pixels, and ``confusion.png``, shares of each row.

    Args:
        folder: Where to.
        row: What the rows stand for.
        column: What the columns stand for.
        counts: Pixels. Shape: (R, C).
        rows: R names.
        columns: C names.
    """
    heading = f'{row} \\ {column}'
    write_csv(
        Path(folder) / 'confusion.csv',
        [
            {heading: name, **dict(zip(columns, values, strict=True))}
            for name, values in zip(rows, counts.tolist(), strict=True)
        ],
    )
    plot_confusion(Path(folder) / 'confusion.png', counts, row, column, rows, columns)


def _image_row(table: np.ndarray, classes: Sequence[str]) -> dict[str, float | int]:
    scores = scores_from_confusion(table)
    return {
        'mIoU': 100 * float(scores.miou),
        'accuracy': 100 * float(scores.pacc),
        'pixels': int(table.sum()),
        **{
            f'IoU/{name}': 100 * float(value)
            for name, value in zip(classes, scores.iou, strict=True)
        },
    }
