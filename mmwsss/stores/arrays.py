"""Read and write ``.npy`` and ``.npz`` data without pickle and with checked sizes.

A file declares the sizes of its arrays, and a few bytes can declare gigabytes. Here the declared
sizes are compared with the bytes in the file before anything is allocated.
"""

import io
import math
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

#: Most bytes that compressed content may unpack to.
UNFOLDED = 512 << 20
_MEMBERS = 64
_KINDS = 'biufcU'
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_DAMAGES = (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError, struct.error)


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Pack arrays as an uncompressed ``.npz``; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def begins_with(head: bytes, name: str) -> bool:
    """Whether an ``.npz`` begins with the array of this name."""
    member = f'{name}.npy'.encode()
    return (
        head[:4] == b'PK\3\4'
        and head[26:28] == struct.pack('<H', len(member))
        and head[30 : 30 + len(member)] == member
    )


def unpack(path: Path, required: set[str], optional: frozenset[str] = frozenset()) -> dict:
    """Read an ``.npz`` and check the names in it.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not an ``.npz``, damaged, pickled, too large, or other names.
    """
    arrays = read_npz(path)
    found = set(arrays)
    if not required <= found <= required | optional:
        raise ValueError(f'arrays {sorted(required)} expected, found {sorted(found)}')
    return arrays


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not an ``.npz``, damaged, pickled, or it declares more than it holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MEMBERS:
                raise ValueError(f'{len(members)} arrays in one file, at most {_MEMBERS} expected')
            check_unfolding(archive)
            return {info.filename.removesuffix('.npy'): _member(archive, info) for info in members}
    except _DAMAGES as error:
        raise ValueError(f'damaged npz file: {error}') from error


def check_unfolding(archive: zipfile.ZipFile) -> None:
    """Raise an error if members of a zip file declare implausible sizes.

    Raises:
        ValueError: Members overlap, or unfold to more than :data:`UNFOLDED` bytes.
    """
    members = archive.infolist()
    there = archive.fp.seek(0, io.SEEK_END) if archive.fp is not None else 0
    if sum(info.compress_size for info in members) > there:
        raise ValueError(f'the members of the archive are larger than its {there} bytes')
    folded = [info for info in members if info.compress_type != zipfile.ZIP_STORED]
    size = sum(info.file_size for info in folded)
    if size > UNFOLDED:
        raise ValueError(
            f'its compressed members unfold to {size} bytes, more than {UNFOLDED} are not read. '
            'If that is meant, save it without compression'
        )
    if any(info.file_size != info.compress_size for info in members if info not in folded):
        raise ValueError('a member of the archive declares another size than it has')


def check_file(path: str | Path) -> None:
    """Raise an error if a zip file (e.g. a torch checkpoint) would unpack to an implausible size.

    Raises:
        ValueError: As :func:`check_unfolding`. Files that are no zip pass.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                check_unfolding(archive)
        except _DAMAGES as error:
            raise ValueError(f'{path}: damaged: {error}') from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    try:
        with archive.open(info) as file:
            return read_npy(io.BytesIO(file.read()))
    except (ValueError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise ValueError(f'{info.filename}: {error}') from error


def read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the shape, order (whether column-major) and dtype of a ``.npy`` file.

    Raises:
        ValueError: It is no ``.npy`` file.
    """
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f'version {version} of the format is not known')
    return _HEADERS[version](file)


def read_npy(file: BinaryIO) -> np.ndarray:
    """Read one plain array.

    Args:
        file: An open file; it ends with the array.

    Raises:
        ValueError: It is no ``.npy``, pickled, of records, or not as long as it declares.
    """
    shape, columns_first, dtype = read_header(file)
    data = file.read()
    return array_of(data, shape, dtype, columns_first)


def array_of(
    data: bytes, shape: tuple[int, ...], dtype: np.dtype, columns_first: bool = False
) -> np.ndarray:
    """Build a writable array from the bytes of its values.

    Raises:
        ValueError: The bytes are not as many as the shape needs, or the dtype is no plain one.
    """
    if dtype.hasobject:
        raise ValueError(
            'it holds objects, which are pickled and are not read (allow_pickle=False)'
        )
    if dtype.kind not in _KINDS or dtype.subdtype is not None:
        raise ValueError(f'plain numbers are expected, found an array of {dtype}')
    if any(not 0 <= length < 1 << 40 for length in shape) or len(shape) > 16:
        raise ValueError(f'no array has the shape {shape}')
    need = math.prod(shape) * dtype.itemsize
    if need != len(data):
        raise ValueError(f'an array of {dtype} {shape} takes {need} bytes, {len(data)} are there')
    if not need:
        return np.zeros(shape, dtype)
    flat = np.frombuffer(bytearray(data), dtype)
    return flat.reshape(shape, order='F' if columns_first else 'C')
