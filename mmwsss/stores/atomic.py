"""Files that are either there in full or not there at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place on success.

    The file is flushed to the disk before it is renamed; on any error it is removed
    and an older file at ``path`` stays as it was.

    Example:
        >>> with atomic_write('a.json') as temporary:
        ...     temporary.write_text('{}')
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        yield temporary
        with open(temporary, 'rb+') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def atomic_write_bytes(path: str | Path, data: bytes) -> None:
    """Write bytes so that readers see the old file or the new one, never half of it."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def atomic_write_json(path: str | Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, atomically."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + '\n'
    atomic_write_bytes(path, text.encode())


def remove_temporaries(folder: str | Path) -> None:
    """Delete what killed writers left below a folder. Nobody may be writing there."""
    for path in Path(folder).rglob('.*.tmp'):
        with suppress(FileNotFoundError):
            path.unlink()
