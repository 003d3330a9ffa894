"""What all formats of labelling tools have in common."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from mmwsss.datasets.io import composed, strip_suffix
from mmwsss.stores import StoreError
from mmwsss.stores.images import MAX_PIXELS

#: Name of pixels without a label in every format; labelme's word for them.
IGNORE = '__ignore__'
_IGNORED = (IGNORE, 'ignore', 'void', 'ambiguous')
_BACKGROUND = ('background', '_background_')
_LIMIT = 1 << 30  # bytes of a JSON file

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


def checked_size(sides: Sequence[Any], expected: Size | None = None) -> Size:
    """Check the size that a file declares for its mask, before memory is taken for it.

    Args:
        sides: Height and width as they are in the file.
        expected: The photo's size.

    Raises:
        ValueError: It is no size, too large, or not that of the photo.
    """
    height, width = sides
    good = all(
        isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) and x == int(x)
        for x in sides
    )
    if not good or min(sides) < 1:
        raise ValueError(f'its size is no height and width: {height!r} and {width!r}')
    size = int(height), int(width)
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f'{size[0]}x{size[1]} pixels are declared, at most {MAX_PIXELS} are read')
    if expected is not None and size != tuple(expected):
        raise ValueError(
            f'it is {size[0]}x{size[1]} (height x width), the photo {expected[0]}x{expected[1]}'
        )
    return size


def id_of_file_name(name: str) -> str:
    """Id of a photo from the path that a tool has of it; absolute ones keep their last part."""
    path = PurePosixPath(name.replace('\\', '/'))
    if path.is_absolute() or '..' in path.parts or '://' in name:
        path = PurePosixPath(path.name)
    return strip_suffix(path.as_posix())


def read_json_file(path: Path) -> Any:
    """Content of a JSON file.

    Raises:
        ValueError: It cannot be read, or is no JSON.
    """
    try:
        if path.stat().st_size > _LIMIT:
            raise ValueError(f'{path}: larger than {_LIMIT} bytes')
        return json.loads(path.read_text(encoding='utf-8-sig'))
    except RecursionError:
        raise ValueError(f'{path}: nested too deeply') from None
    except (OSError, ValueError) as error:
        raise ValueError(f'{path}: cannot be read as JSON ({error})') from None


def json_files(source: Path, usual: str) -> list[Path]:
    """The JSON file that is named, or those of a folder; the one that export writes, if there.

    Raises:
        StoreError: There is none.
    """
    if source.is_file():
        return [source]
    if (source / usual).is_file():
        return [source / usual]
    found = sorted(source.glob('*.json'))
    if not found:
        raise StoreError(f'{source}: no {usual} nor any other .json file found')
    return found
