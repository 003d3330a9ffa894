"""Reading what labelling tools write: JSON files, names of photos, sizes of masks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmwsss.datasets.listing import strip_suffix
from mmwsss.exchange.base import Size
from mmwsss.stores import StoreError
from mmwsss.stores.images import MAX_PIXELS

_LIMIT = 1 << 30  # bytes of a JSON file
#: What Roboflow makes of ``name.jpg`` when it exports: ``name_jpg.rf.<code>.jpg``.
_ROBOFLOW = re.compile(r'_(jpe?g|png|bmp|webp|tiff?)\.rf\.[0-9A-Za-z_-]{16,}$', re.IGNORECASE)


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
    """Id of a photo from the path that a tool has of it; absolute ones keep their last part.

    What Roboflow has put behind the name is taken off again.
    """
    path = PurePosixPath(name.replace('\\', '/'))
    if path.is_absolute() or '..' in path.parts or '://' in name:
        path = PurePosixPath(path.name)
    return _ROBOFLOW.sub('', strip_suffix(path.as_posix()))


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
