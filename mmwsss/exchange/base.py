"""What all formats of labelling tools have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmwsss.datasets.listing import composed
from mmwsss.stores import StoreError

#: Name of pixels without a label in every format; labelme's word for them.
IGNORE = '__ignore__'
_IGNORED = (IGNORE, 'ignore', 'void', 'ambiguous')
_BACKGROUND = ('background', '_background_')

Size = tuple[int, int]
#: Reads one mask, uint8 (H, W). Takes the size (H, W) of the photo where it is known, for files
#: that do not tell it. Raises ``ValueError`` or ``OSError`` for what cannot be used.
MaskReader = Callable[[Size | None], np.ndarray]


class Problem(NamedTuple):
    """A mask that was left out, and why."""

    id: str
    reason: str


class Entry(NamedTuple):
    """A mask to write.

    Args:
        id: Image id, which may contain ``/``.
        mask: 0 background, class id + 1, 255 no label. Shape: (H, W), uint8.
        file_name: The photo's path below its folder; ``<id>.jpg`` where no photos are given.
        photo: The photo, where photos are given.
    """

    id: str
    mask: np.ndarray
    file_name: str
    photo: Path | None


class ExchangeFormat(ABC):
    """A format that a labelling tool reads and writes, as a folder.

    Attributes:
        text: What it is, for people.
    """

    text: str

    def check_classes(self, classes: Sequence[str]) -> None:
        """Refuse class names that the format cannot express.

        Raises:
            StoreError: With the names.
        """
        taken = [name for name in classes if name in (*_IGNORED[:1], *_BACKGROUND)]
        if taken:
            raise StoreError(f'a class named {taken[0]!r} cannot be told from what is none')

    @abstractmethod
    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write masks into an empty folder.

        Args:
            out: The folder.
            entries: The masks, read one after the other.
            classes: The C foreground names.
        """

    @abstractmethod
    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of a folder or file: id (or the photo's path without suffix) and reader of each.

        Args:
            source: Folder or file.
            classes: The C foreground names.

        Raises:
            StoreError: There is nothing of this format.
        """


def class_values(classes: Sequence[str]) -> dict[str, int]:
    """Mask value of each name: of classes, of the background and of pixels without a label."""
    values = dict.fromkeys(_BACKGROUND, 0) | dict.fromkeys(_IGNORED, 255)
    return values | {composed(name): k for k, name in enumerate(classes, start=1)}


def value_of(name: Any, values: Mapping[str, int]) -> int:
    """Mask value of a name.

    Raises:
        ValueError: It is no class.
    """
    value = values.get(composed(name)) if isinstance(name, str) else None
    if value is None:
        known = [key for key, number in values.items() if number not in (0, 255)]
        shown = ', '.join(known[:10]) + (', ...' if len(known) > 10 else '')
        raise ValueError(f'{name!r} is no class of the store ({shown})')
    return value
