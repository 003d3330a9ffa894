"""Write files atomically: they are complete or do not exist."""

import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from os import fsync as _fsync  # for folders: best effort, apart from that of files
from pathlib import Path
from typing import Any

# Random digits; earlier versions used the number of the process.
_TEMPORARY = re.compile(r'\.(.+)\.(?:[0-9a-f]{16}|\d{1,7})\.tmp', re.DOTALL)


@contextmanager
def atomic_write(path: str | Path, *, sync_folder: bool = True) -> Iterator[Path]:
    """Yield a temporary path that replaces ``path`` on success.

    The temporary file is new, empty, and has a name that nobody can foresee. It is flushed to the
    disk before it is renamed. On any error it is removed, and an older file at ``path`` stays as it
    was.

    Args:
        path: The file.
        sync_folder: Flush the folder too, so that the new name survives a power failure. To write
            many files, leave it out and call :func:`sync_folders` once at the end.

    Example:
        >>> with atomic_write('a.json') as temporary:
        ...     temporary.write_text('{}')
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _new_file(path)
    try:
        yield temporary
        with open(temporary, 'rb+') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        if sync_folder:
            sync_folders([path.parent])
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _new_file(path: Path) -> Path:
    """An empty file beside ``path``; ``mkstemp``'s are closed to the group whatever the umask."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, 'O_NOFOLLOW', 0)
    while True:
        temporary = path.with_name(f'.{path.name}.{secrets.token_hex(8)}.tmp')
        with suppress(FileExistsError):
            os.close(os.open(temporary, flags, 0o666))
            return temporary


def atomic_write_bytes(path: str | Path, data: bytes, *, sync_folder: bool = True) -> None:
    """Write bytes so that readers see the old file or the new one, never half of it."""
    with atomic_write(path, sync_folder=sync_folder) as temporary:
        temporary.write_bytes(data)


def atomic_write_json(path: str | Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, atomically."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + '\n'
    atomic_write_bytes(path, text.encode())


def sync_folders(folders: Iterable[Path]) -> None:
    """Flush directory entries to disk, if the system supports it."""
    for folder in folders:
        with suppress(OSError):  # Windows and some network file systems open no folders
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                _fsync(descriptor)
            finally:
                os.close(descriptor)


def final_name(name: str) -> str | None:
    """Final name of a temporary file; None if the file is not from :func:`atomic_write`."""
    match = _TEMPORARY.fullmatch(name)
    return match[1] if match else None


def remove_temporaries(
    folder: str | Path, wanted: Callable[[str], bool] = lambda name: True
) -> None:
    """Delete temporary files of killed writers in a folder. Nobody may be writing there.

    Links are neither followed nor deleted.

    Args:
        folder: The folder.
        wanted: Decides by a file's final name whether to delete it. Defaults to all that
            :func:`atomic_write` may have begun.
    """
    for below, _, names in os.walk(folder):
        for name in names:
            final, path = final_name(name), os.path.join(below, name)
            if final is None or not wanted(final):
                continue
            with suppress(FileNotFoundError):
                if stat.S_ISREG(os.lstat(path).st_mode):
                    os.unlink(path)
