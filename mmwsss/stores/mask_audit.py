"""Check whether masks and tags of the photos agree on the classes."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

_SHOWN = 3
_EXTRA_SHARE = 0.2  # published tags and masks of VOC disagree in 8 % of the photos


class MaskRow(NamedTuple):
    """Counts of one mask.

    Args:
        id: Image id.
        values: Values that occur in the mask, 255 included. Shape: (N,), uint8.
        tags: Class ids 0..C-1 of the photo; None where they are not known.
    """

    id: str
    values: np.ndarray
    tags: tuple[int, ...] | None


class MaskAudit:
    """Collects the classes in masks and checks whether they are plausible.

    Args:
        classes: Names of all classes, background first.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.rows: list[MaskRow] = []

    def add(self, id: str, mask: np.ndarray, tags: Collection[int] | None) -> None:
        """Count one mask. Shape: (H, W), uint8."""
        self.rows.append(MaskRow(id, mask_values(mask), None if tags is None else tuple(tags)))

    def error(self) -> str | None:
        """Explain why these masks cannot be the ground truth of these photos; None if they can.

        They cannot where most of the tagged photos have a mask without a pixel of any tag.
        """
        tagged = [row for row in self.rows if row.tags]
        off = [row for row in tagged if not _shared(row)]
        if 2 * len(off) <= len(tagged):
            return None
        if len(off) == 1 and not _foreground(off[0].values) and 255 not in off[0].values:
            return None  # one object may be too small for one mask
        examples = '; '.join(self._example(row) for row in off[:_SHOWN])
        return (
            f'{len(off)} of {len(tagged)} masks hold no class that their photo is tagged with '
            f'({examples}). {self._advice(off)}'
        )

    def remarks(self) -> list[str]:
        """Remarks beside a score: classes without pixels, masks that contradict the tags.

        Without a mask (tags alone are scored) there is nothing to remark on.
        """
        if not self.rows:
            return []
        present = self._counts(row.values for row in self.rows)
        tagged = self._counts(np.array(row.tags, int) + 1 for row in self.rows if row.tags)
        known = range(1, len(self.classes))
        remarks = [
            f'no mask holds a pixel of {self.classes[k]}, but {tagged[k]} photos are tagged with it'
            for k in known
            if tagged[k] and not present[k]
        ]
        without = [self.classes[k] for k in known if not present[k] and not tagged[k]]
        if without:
            remarks.append(f'no mask holds a pixel of {", ".join(without)}')
        off = [row for row in self.rows if row.tags and not _shared(row)]
        if off:
            examples = '; '.join(self._example(row) for row in off[:_SHOWN])
            remarks.append(f'{len(off)} masks hold no class that is tagged ({examples})')
        sure = [row for row in self.rows if row.tags is not None]
        more = [row for row in sure if set(_foreground(row.values)) - {k + 1 for k in row.tags}]  # type: ignore[union-attr]
        if len(more) > _EXTRA_SHARE * len(sure):
            examples = '; '.join(self._example(row) for row in more[:_SHOWN])
            remarks.append(f'{len(more)} of {len(sure)} masks hold more than the tags ({examples})')
        return remarks

    def _counts(self, values: Iterable[np.ndarray]) -> np.ndarray:
        counts = np.zeros(257, int)
        for one in values:
            counts[one] += 1
        return counts

    def _example(self, row: MaskRow) -> str:
        tags = ', '.join(self.classes[k + 1] for k in row.tags or ()) or 'nothing'
        values = [int(v) for v in row.values]
        names = [self.classes[v] if v < len(self.classes) else str(v) for v in values]
        return f'{row.id}: tagged {tags}, in the mask {", ".join(names)}'

    def _advice(self, off: Sequence[MaskRow]) -> str:
        values = set(np.concatenate([row.values for row in off]).tolist())
        if values <= {0, 255} and 255 in values:
            return (
                'They hold 0 and 255 only: here 255 means "no label". Write the number of the '
                'class (1 for the first) where there is 255'
            )
        if values == {0}:
            return 'They are background only. Are they the masks of these photos?'
        for shift in (-1, 1):
            moved = [row._replace(values=row.values + np.uint8(-shift % 256)) for row in off]
            if sum(map(_shared, moved)) * 2 > len(off):
                return f'Their values are off by one: they fit the tags when {-shift:+d} is added'
        return (
            'Are they made with another class order, or has an editor saved them again with a '
            'palette of its own? The index counts, not the colour: '
            'tools/dataset_converters/colour_masks.py makes indices of colours'
        )


def mask_values(mask: np.ndarray) -> np.ndarray:
    """Values that occur in a mask of uint8, ascending. Shape: (N,), uint8."""
    return np.flatnonzero(np.bincount(mask.ravel(), minlength=256)).astype(np.uint8)


def _foreground(values: np.ndarray) -> list[int]:
    return [int(v) for v in values if v not in (0, 255)]


def _shared(row: MaskRow) -> bool:
    return any(k + 1 in row.values for k in row.tags or ())
