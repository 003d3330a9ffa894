"""MXNet ``.params`` files, read without MXNet.

Importing this module makes mmengine read such files wherever it reads a checkpoint, e.g. in
``init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params')``.
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

from mmwsss.models.conversion.checkpoint_format import rename_keys
from mmwsss.weights import WeightsError

MAGIC = 0x112
# Tags of the array layouts; every other tag is the number of dimensions of the oldest layout.
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DTYPES: dict[int, np.dtype] = {
    0: np.dtype('<f4'),
    1: np.dtype('<f8'),
    2: np.dtype('<f2'),
    3: np.dtype('u1'),
    4: np.dtype('<i4'),
    5: np.dtype('i1'),
    6: np.dtype('<i8'),
}
MAX_DIMS = 32


class ParamsError(WeightsError):
    """A file is not a dense MXNet parameter file, or is damaged."""


def is_params_file(path: str | Path) -> bool:
    """Whether the file begins as MXNet's parameter files do."""
    with open(path, 'rb') as file:
        return file.read(8) == struct.pack('<Q', MAGIC)


def read_params(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a file that ``mxnet.nd.save`` wrote.

    All three layouts of an array are read: the one of MXNet 1.x (with storage type), the one
    before it (64-bit sizes) and the oldest (32-bit sizes).

    Args:
        path: The file, e.g. ``resnet_38d.params``.

    Returns:
        Entry name, with its prefix ``arg:`` or ``aux:``, to array.

    Raises:
        ParamsError: The file is of another kind, cut, sparse, or has an unknown number type.
    """
    with open(path, 'rb') as file:
        reader = _Reader(file, Path(path))
        magic = reader.numbers('Q')[0]
        if magic != MAGIC:
            raise ParamsError(
                f'{path} is not an MXNet parameter file: it begins with {magic:#x}, expected '
                f'{MAGIC:#x}. PyTorch checkpoints are read by torch.load'
            )
        _, count = reader.numbers('QQ')
        arrays = [reader.array() for _ in range(reader.checked(count, 'arrays'))]
        names = [reader.text() for _ in range(reader.checked(reader.numbers('Q')[0], 'names'))]
    if len(set(names)) != len(arrays) or len(names) != len(arrays):
        raise ParamsError(f'{path}: {len(arrays)} arrays, but {len(set(names))} different names')
    return dict(zip(names, arrays, strict=True))


class _Reader:
    """Little-endian fields of one file; every error says where."""

    def __init__(self, file: BinaryIO, path: Path):
        self.file = file
        self.path = path
        self.size = path.stat().st_size

    def bytes(self, count: int) -> bytes:
        where = self.file.tell()
        if count > self.size - where:
            raise ParamsError(
                f'{self.path} is cut: {count} bytes expected at byte {where}, '
                f'{self.size - where} are left. Fetch it again'
            )
        return self.file.read(count)

    def numbers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(f'<{layout}', self.bytes(struct.calcsize(f'<{layout}')))

    def checked(self, count: int, what: str) -> int:
        # Each takes several bytes, so a larger count can only come from a damaged file.
        if count > self.size:
            raise ParamsError(f'{self.path}: {count} {what} in a file of {self.size} bytes')
        return count

    def text(self) -> str:
        where = self.file.tell()
        try:
            return self.bytes(self.numbers('Q')[0]).decode()
        except UnicodeDecodeError:
            raise ParamsError(f'{self.path}: no name at byte {where}; it is damaged') from None

    def array(self) -> np.ndarray:
        where = self.file.tell()
        tag = self.numbers('I')[0]
        if tag in (V2, V3):
            storage, ndim = self.numbers('ii')
            if storage != 0:
                raise ParamsError(f'{self.path}: the array at byte {where} is sparse, not dense')
            item = 'q'
        elif tag == V1:
            ndim, item = self.numbers('I')[0], 'q'
        else:
            ndim, item = tag, 'I'
        if not 0 < ndim <= MAX_DIMS:
            raise ParamsError(
                f'{self.path}: the array at byte {where} has {ndim} dimensions, '
                f'expected 1 to {MAX_DIMS}'
            )
        shape = self.numbers(item * ndim)
        _, _, code = self.numbers('iii')  # device type and id, number type
        if code not in DTYPES or min(shape) < 0 or max(shape) >= 1 << 40:
            raise ParamsError(
                f'{self.path}: the array at byte {where} has shape {shape} and number type {code}, '
                f'known are {sorted(DTYPES)}'
            )
        dtype = DTYPES[code]
        count = 1
        for length in shape:
            count *= length
        values = np.frombuffer(self.bytes(count * dtype.itemsize), dtype)
        return values.astype(dtype.newbyteorder('=')).reshape(shape)


@CheckpointLoader.register_scheme(prefixes=r'.*\.params$')
def load_params(filename: str, map_location: str | torch.device | None = None) -> dict[str, Tensor]:
    """Checkpoint loader of mmengine for ResNet-38d's ImageNet weights.

    Args:
        filename: A local ``.params`` file.
        map_location: Device of the tensors. Defaults to the CPU.

    Returns:
        State dict of :class:`~mmwsss.models.backbones.resnet38d.ResNet38d`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no parameter file, or not of this network.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; configs/cam/README.md says where ResNet-38d's weights are"
        )
    # Here, as the formats name the networks that read them, and this module is imported by all.
    from mmwsss.models.conversion.checkpoint_keys import MULTI_STAGE_FORMATS

    state, _ = rename_keys(read_params(path), MULTI_STAGE_FORMATS['resnet38d'])
    device = map_location or 'cpu'
    return {name: torch.from_numpy(value).to(device) for name, value in state.items()}


# The wrapper that keeps other loaders from unpickling has nothing to do here.
load_params._safe = True
