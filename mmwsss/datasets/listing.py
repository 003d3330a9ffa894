"""Lists of images, and the images of folders."""

from __future__ import annotations

import gzip
import io
import os
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PIL import Image, features

from mmwsss.datasets.errors import DataError

# What Pillow reads everywhere, and what it reads where its libraries are there.
IMAGE_SUFFIXES = (
    *('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.webp', '.tif', '.tiff', '.gif'),
    *(('.jp2', '.j2k') if features.check('jpg_2000') else ()),
    *(('.avif',) if '.avif' in Image.registered_extensions() else ()),
)
# Formats that folders of photos may hold and that cannot be read.
UNREAD_SUFFIXES = tuple(
    suffix
    for suffix in (
        *('.heic', '.heif', '.hif', '.avif', '.jp2', '.j2k', '.jxl', '.svg', '.psd', '.dng'),
        *('.cr2', '.cr3', '.nef', '.arw', '.raw', '.orf', '.rw2'),
    )
    if suffix not in IMAGE_SUFFIXES
)
_UNPACKED = 32 << 20  # bytes of text that a packed list may hold
SHOWN = 10  # so many examples are named in a message


def read_lines(path: str | Path) -> list[str]:
    """Lines of a text file, gzipped if it is named ``.gz``; blanks and ends removed.

    Raises:
        DataError: The file is missing or not UTF-8.
    """
    path = Path(path)
    try:
        if path.suffix == '.gz':
            with gzip.open(path) as packed:
                data = packed.read(_UNPACKED + 1)
            if len(data) > _UNPACKED:
                raise DataError(
                    f'{path}: unpacks to more than {_UNPACKED} bytes. If that is meant, unpack it '
                    'and name the text file'
                )
        else:
            data = path.read_bytes()
        lines = io.StringIO(data.decode('utf-8-sig'), newline=None)
        return [composed(line) for line in map(str.strip, lines) if line]
    except FileNotFoundError:
        raise DataError(f'{path}: no such list') from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f'{path}: no readable text file ({error})') from error


def read_class_names(path: str | Path) -> list[str]:
    """Foreground names of a file with one a line.

    The background and pixels to ignore are left out, however they are written: ``background``,
    and labelme's ``_background_`` and ``__ignore__``.
    """
    return foreground(read_lines(path))


def foreground(names: Iterable[str]) -> list[str]:
    """Names without those of the background and of pixels to ignore."""
    return [name for name in names if name not in ('background', '_background_', '__ignore__')]


def checked_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Class names with the background in front, each once.

    Raises:
        DataError: They are others, or more than a mask can hold.
    """
    classes = tuple(names)
    if len(classes) < 2 or classes[0] != 'background' or len(set(classes)) < len(classes):
        raise DataError(
            "metainfo['classes'] begins with 'background' and names each class once, found "
            f'{shown(classes) or "nothing"}'
        )
    if len(classes) > 255:
        raise DataError(f'at most 254 classes fit into a mask, found {len(classes) - 1}')
    return classes


def read_ids(path: str | Path, *, whole_lines: bool = False) -> list[str]:
    """Image ids of a list, in its order.

    Args:
        path: One image a line: ``2007_000032``, or the form
            ``/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png``.
        whole_lines: Take each line as it stands (less an image suffix), for names with blanks.
    """
    lines = read_lines(path)
    if whole_lines:
        return [strip_suffix(line) for line in lines]
    firsts = [line.split(maxsplit=1)[0] for line in lines]
    return [strip_suffix(x.rsplit('/', 1)[-1]) if x[0] == '/' else strip_suffix(x) for x in firsts]


def strip_suffix(name: str) -> str:
    """``'a/b.JPG'`` -> ``'a/b'``; a name without an image suffix stays. Unicode is composed."""
    stem, dot, suffix = name.rpartition('.')
    is_image = dot and f'.{suffix.lower()}' in (*IMAGE_SUFFIXES, *UNREAD_SUFFIXES)
    return composed(stem if is_image else name)


def composed(text: str) -> str:
    """Text in Unicode's composed form (NFC).

    macOS writes an umlaut as two characters (NFD): it looks the same but is another name.
    """
    return text if text.isascii() else unicodedata.normalize('NFC', text)


def list_folder(
    folder: str | Path,
    suffixes: Sequence[str],
    to_id: Callable[[str], str] | None = None,
    *,
    twice_ok: bool = False,
) -> dict[str, str]:
    """Files of a folder and the folders in it, from directory listings alone.

    Links are followed, except to a folder that contains them.

    Args:
        folder: The folder.
        suffixes: Lower-case suffixes that count.
        to_id: Turns a path below the folder without suffix into an image id. Defaults to the
            path itself. Ids are in Unicode's composed form, paths as they are on the disk.
        twice_ok: Keep the last of several files of one id.

    Returns:
        Image id -> path below the folder, sorted by id.

    Raises:
        DataError: No such folder, one that may not be read, or two files have one id.
    """
    found: dict[str, str] = {}
    twice: list[str] = []
    pending: list[tuple[str, tuple[str, ...]]] = [('', ())]  # with where links have led from
    while pending:
        below, above = pending.pop()
        path = os.path.join(folder, below)
        try:
            entries = list(os.scandir(path))
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(f'{path}: no such folder') from None
        except OSError as error:
            raise DataError(f'{path}: the folder cannot be read ({error.strerror})') from None
        for entry in entries:
            name = f'{below}{entry.name}'
            stem, dot, suffix = name.rpartition('.')
            if entry.name.startswith('.'):
                continue
            if dot and f'.{suffix.lower()}' in suffixes:
                img_id = composed(to_id(stem) if to_id else stem)
                if img_id in found:
                    twice.append(f'{found[img_id]} and {name}')
                found[img_id] = name
            elif _is_folder(entry):
                origins = above
                if entry.is_symlink():
                    origins = (*above, os.path.realpath(path))
                    target = os.path.join(os.path.realpath(entry.path), '')
                    if any(os.path.join(origin, '').startswith(target) for origin in origins):
                        continue
                pending.append((f'{name}/', origins))
    if twice and not twice_ok:
        raise DataError(
            f'{folder}: {len(twice)} image ids belong to two files: {shown(twice)}. An id is the '
            'file name without suffix: rename or remove one of each'
        )
    return dict(sorted(found.items()))


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def unread_images(folder: str | Path) -> dict[str, str]:
    """Photos of a folder in formats that cannot be read, by the id that they would have."""
    return list_folder(folder, UNREAD_SUFFIXES, twice_ok=True)


def why_missing(folder: str | Path, names: Iterable[str]) -> str:
    """Describe similar files in a folder that lacks images; '' if there are none."""
    unread = unread_images(folder)
    found = [unread[name] for name in names if name in unread]
    if found:
        return (
            f'. Pillow cannot read {len(found)} of them as they are: {shown(found)}. Save them '
            'as JPEG or PNG'
        )
    names = list(names)
    lowered = {i.lower(): i for i in list_folder(folder, IMAGE_SUFFIXES, twice_ok=True)}
    close = [f'{name} ({lowered[name.lower()]})' for name in names if name.lower() in lowered]
    if close:
        return f'. Names there differ in case: {shown(close)}'
    by_name = {i.lower().rsplit('/', 1)[-1]: i for i in lowered.values()}
    close = [f'{n} ({by_name[k]})' for n in names if (k := n.lower().rsplit('/', 1)[-1]) in by_name]
    return f'. In other folders there are: {shown(close)}' if close else ''


def names_that_differ_in_case(names: Iterable[str]) -> list[str]:
    """Names of which another one is the same in lower case, such as ``['A', 'a']``; sorted."""
    lowered: dict[str, list[str]] = {}
    for name in names:
        lowered.setdefault(name.lower(), []).append(name)
    return sorted(name for group in lowered.values() if len(group) > 1 for name in group)


def shown(names: Iterable[str]) -> str:
    """The first few of many names, for a message."""
    names = list(names)
    more = f', and {len(names) - SHOWN} more' if len(names) > SHOWN else ''
    return ', '.join(names[:SHOWN]) + more
