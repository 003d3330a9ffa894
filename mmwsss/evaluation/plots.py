"""Plots of scores, written to files."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmwsss.stores.atomic import atomic_write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WRITTEN_OUT = 25  # classes up to which shares are written into the cells of a confusion matrix


def plot_curves(
    path: str | Path,
    thresholds: np.ndarray,
    curves: dict[str, np.ndarray],
    title: str,
    marked: float | None = None,
) -> None:
    """Scores over background thresholds.

    Args:
        path: A ``.png``.
        thresholds: Shape: (T,).
        curves: Name to values in percent. Shape of each: (T,).
        title: Heading.
        marked: A threshold to mark.
    """
    figure = _figure(7, 4.5)
    axes = figure.add_subplot()
    for name, values in curves.items():
        axes.plot(thresholds, values, label=name, linewidth=2 if name == 'mIoU' else 1.2)
    if marked is not None:
        axes.axvline(marked, color='grey', linestyle=':', label=f'threshold {marked:g}')
    axes.set_xlabel('background threshold')
    axes.set_ylabel('%')
    axes.set_ylim(0, 100)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, path)


def plot_confusion(
    path: str | Path,
    counts: np.ndarray,
    row: str,
    column: str,
    rows: Sequence[str],
    columns: Sequence[str],
) -> None:
    """A confusion matrix, each row as shares of its sum.

    Args:
        path: A ``.png``.
        counts: Pixels. Shape: (R, C).
        row: What the rows stand for.
        column: What the columns stand for.
        rows: R names.
        columns: C names.
    """
    sums = counts.sum(1, keepdims=True)
    shares = np.divide(100 * counts, sums, out=np.zeros(counts.shape), where=sums > 0)
    side = max(4.0, 0.42 * len(columns) + 2)
    figure = _figure(side + 1, side)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap='Blues', vmin=0, vmax=100)
    axes.set_xticks(range(len(columns)), columns, rotation=90)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel(column)
    axes.set_ylabel(row)
    if len(columns) <= _WRITTEN_OUT:
        for (y, x), share in np.ndenumerate(shares):
            if share >= 0.5:
                colour = 'white' if share > 60 else 'black'
                axes.text(x, y, f'{share:.0f}', ha='center', va='center', size=7, color=colour)
    figure.colorbar(image, label='% of the row', fraction=0.046)
    _save(figure, path)


def _figure(width: float, height: float) -> 'Figure':
    from matplotlib.figure import Figure  # seconds to import, and only plots need it

    return Figure((width, height), layout='constrained')


def _save(figure: 'Figure', path: str | Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=110)
    atomic_write_bytes(Path(path), buffer.getvalue())
