"""List the files in a store's folder, and delete its entries without touching other files."""

import os
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mmwsss.stores.atomic import final_name, sync_folders
from mmwsss.stores.corrections import FILE_NAME as CORRECTED
from mmwsss.stores.errors import StoreError
from mmwsss.stores.meta import FILE_NAME

_LOCK = '.lock'
_RECORDS = (FILE_NAME, CORRECTED)
_HEAD = 256  # bytes that tell an entry from another file


class Contents(NamedTuple):
    """Files in a store's folder, as paths relative to it.

    Args:
        own: Entries and what killed writers left.
        foreign: Everything else but the records: other files, links, files that only have the
            suffix of an entry.
    """

    own: list[str]
    foreign: list[str]


def survey(folder: Path, suffix: str, is_entry: Callable[[bytes], bool]) -> Contents:
    """List the contents of a store's folder.

    Args:
        folder: The folder.
        suffix: Of its entries.
        is_entry: Tells from the first bytes of a file whether it can be an entry.
    """
    own: list[str] = []
    foreign: list[str] = []
    for below, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(below, name))]
        for name in [*names, *links]:
            path = os.path.join(below, name)
            relative = os.path.relpath(path, folder)
            if relative in (*_RECORDS, _LOCK):
                continue
            regular = stat.S_ISREG(os.lstat(path).st_mode)
            final = final_name(name)
            if final is not None:
                ours = regular and (final in _RECORDS or final.endswith(suffix))
            else:
                ours = regular and name.endswith(suffix) and not name.startswith('.')
                ours = ours and is_entry(_head(path))
            (own if ours else foreign).append(relative)
    return Contents(own, foreign)


def _head(path: str) -> bytes:
    with open(path, 'rb') as file:
        return file.read(_HEAD)


def empty(
    folder: Path,
    kind: str,
    suffix: str,
    is_entry: Callable[[bytes], bool],
    keep: Collection[str] = (),
) -> None:
    """Delete the entries of a store; its record stays and still tells the truth.

    Args:
        folder: The folder.
        kind: Of store, for the message.
        suffix: Of its entries.
        is_entry: Tells from the first bytes of a file whether it can be an entry.
        keep: Ids of entries that stay, those that were corrected by hand.

    Raises:
        StoreError: There is a file that no store of this kind writes. Nothing has been deleted.
    """
    found = survey(folder, suffix, is_entry)
    if found.foreign:
        raise StoreError(
            f'{folder}: is not overwritten, because {len(found.foreign)} of the files in it are '
            f'not from a store of {kind} and would be lost: {", ".join(sorted(found.foreign)[:5])}'
            f'{", ..." if len(found.foreign) > 5 else ""}. Move them away, or choose another folder'
        )
    folders = set()
    kept = {f'{id}{suffix}' for id in keep}
    for relative in found.own:
        if Path(relative).as_posix() in kept:
            continue
        path = folder / relative
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    sync_folders(folders)
    # Folders of ids with a slash, the innermost first; one that holds something else stays.
    parents = {p for below in folders for p in (below, *below.parents) if folder in p.parents}
    for below in sorted(parents, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            below.rmdir()
