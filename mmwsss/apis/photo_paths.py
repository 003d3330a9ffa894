"""Photos that a user means: files, folders and patterns, each with a name of its own."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import IMAGE_SUFFIXES, UNREAD_SUFFIXES, shown, strip_suffix


def find_photos(
    sources: Sequence[str | Path], leave_out: Sequence[str | Path] = ()
) -> dict[str, Path]:
    """Photos by their path below what all sources have in common.

    Args:
        sources: Photos, folders (with the folders in them) and patterns such as
            ``'2024*/*.jpg'``. A file that is there is taken by its name, whatever is in it.
        leave_out: Folders whose images are no photos: those of results.

    Returns:
        Path with suffix, relative and with ``/`` -> the file, sorted. Paths differ, and so do
        photos of one name in two folders.

    Raises:
        DataError: A source is not there, or holds no photo.
    """
    found: dict[str, Path] = {}
    roots: list[str] = []
    barred = tuple(os.path.join(os.path.realpath(folder), '') for folder in leave_out)
    for source in map(str, sources):
        root, paths = _expand(source)
        kept = [p for p in paths if not os.path.realpath(p).startswith(barred)]
        if not kept:
            raise DataError(f'{source}: ' + _why_none(source))
        roots.append(root)
        found.update((os.path.abspath(path), Path(path)) for path in kept)
    if not found:
        raise DataError('no photo is given')
    common = os.path.commonpath(roots)
    named = {Path(os.path.relpath(path, common)).as_posix(): found[path] for path in found}
    return dict(sorted(named.items()))


def find_unread(sources: Sequence[str | Path]) -> list[str]:
    """Photos in folders and patterns whose format Pillow cannot read here, such as HEIC.

    Args:
        sources: As of :func:`find_photos`.
    """
    return [
        path
        for source in map(str, sources)
        if os.path.isdir(source) or glob.has_magic(source)
        for path in _expand(source, UNREAD_SUFFIXES)[1]
    ]


def output_names(photos: Sequence[str]) -> dict[str, str]:
    """Names of results: the photos' without suffix, or with it where two would be equal.

    Args:
        photos: Paths as of :func:`find_photos`; ``a.jpg`` beside ``a.png`` keep their suffixes.
    """
    stems: dict[str, list[str]] = {}
    for photo in photos:  # file systems may not tell case apart
        stems.setdefault(strip_suffix(photo).casefold(), []).append(photo)
    return {
        photo: strip_suffix(photo) if len(twins) == 1 else photo
        for twins in stems.values()
        for photo in twins
    }


def _expand(source: str, suffixes: tuple[str, ...] = IMAGE_SUFFIXES) -> tuple[str, list[str]]:
    """The folder that names begin in, and the files."""
    if os.path.isdir(source):
        return os.path.abspath(source), list(_walk(source, suffixes))
    if os.path.isfile(source) or not glob.has_magic(source):
        return os.path.dirname(os.path.abspath(source)), [source] * os.path.exists(source)
    fixed = source
    while glob.has_magic(fixed):
        fixed = os.path.dirname(fixed)
    paths: list[str] = []
    for path in sorted(glob.glob(source, recursive=True)):
        if os.path.isdir(path):
            paths += _walk(path, suffixes)
        elif _is_photo(path, suffixes):
            paths.append(path)
    return os.path.abspath(fixed or '.'), paths


def _walk(folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Photos of a folder and of those in it, links followed once; what is hidden is left out."""
    seen = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        kept = (name for name in sorted(files) if _is_photo(name, suffixes))
        yield from (os.path.join(here, name) for name in kept)


def _is_photo(name: str, suffixes: tuple[str, ...]) -> bool:
    base = os.path.basename(name)
    return not base.startswith('.') and base.lower().endswith(suffixes)


def _why_none(source: str) -> str:
    is_folder = os.path.isdir(source)
    if not is_folder and not glob.has_magic(source):
        return 'is not there'
    unread = [os.path.relpath(path, source if is_folder else '.') for path in find_unread([source])]
    note = f'. These cannot be read, save them as JPEG or PNG: {shown(unread)}' if unread else ''
    return ('the folder holds no photo' if is_folder else 'no photo matches') + note
