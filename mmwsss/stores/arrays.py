"""``.npz`` files in memory, never pickled."""

import io
import zipfile
from pathlib import Path

import numpy as np


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Bytes of an uncompressed ``.npz``; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(path: Path, required: set[str], optional: frozenset[str] = frozenset()) -> dict:
    """Read an ``.npz`` and check the names in it.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not an ``.npz``, damaged, pickled, or other names.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(f'damaged npz file: {error}') from error
    found = set(arrays)
    if not required <= found <= required | optional:
        raise ValueError(f'arrays {sorted(required)} expected, found {sorted(found)}')
    return arrays
