"""Read pickled ``.npy`` dictionaries of other projects without running code in them.

Published repositories save a dict through ``np.save``, which pickles it. Here only arrays of plain
numbers, torch tensors and plain containers are rebuilt, by makers of our own from bytes that have
been counted; anything else in the file is refused by name and never called.
"""

import io
import math
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from mmwsss.stores.arrays import array_of, read_header
from mmwsss.stores.pickle_placeholders import Made, Maker, UnpicklingError
from mmwsss.stores.restricted_pickle import Machine

_DTYPE = re.compile(r'[<>=|]?(?:b1|\?|[iu][1248]|f[248])')
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {
    'FloatStorage': 'f4',
    'DoubleStorage': 'f8',
    'HalfStorage': 'f2',
    'BFloat16Storage': 'bf16',
    'LongStorage': 'i8',
    'IntStorage': 'i4',
    'ShortStorage': 'i2',
    'CharStorage': 'i1',
    'ByteStorage': 'u1',
    'BoolStorage': '?',
}


class Dtype(Made):
    """A dtype in a pickle: plain numbers, or objects for the array around the dictionary."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.objects = code in ('O', 'O8')
        if not self.objects:
            if not isinstance(code, str) or not _DTYPE.fullmatch(code):
                raise UnpicklingError(f'arrays of plain numbers are expected, found dtype {code!r}')
            self.value = np.dtype(code)

    def build(self, state: Any) -> None:
        """Only the order of the bytes is taken; plain dtypes have no other state."""
        if type(state) is not tuple or len(state) < 3 or state[1] not in ('<', '>', '=', '|'):
            raise UnpicklingError('a damaged dtype')
        if any(part is not None for part in state[2:5]):
            raise UnpicklingError('arrays of plain numbers are expected, found records')
        if not self.objects and state[1] in '<>':
            self.value = self.value.newbyteorder(state[1])


class Array(Made):
    """An array in a pickle, filled by its state: shape, dtype, order and bytes."""

    def build(self, state: Any) -> None:
        """Take the state that ``ndarray.__reduce__`` writes."""
        if type(state) is not tuple or len(state) != 5 or self.value is not None:
            raise UnpicklingError('a damaged array')
        _, shape, dtype, columns_first, data = state
        if isinstance(data, str):  # bytes of Python 2
            data = data.encode('latin1')
        if not isinstance(dtype, Dtype) or not _whole(shape):
            raise UnpicklingError('a damaged array')
        if not dtype.objects:
            if type(data) is not bytes:
                raise UnpicklingError('a damaged array')
            self.value = array_of(data, shape, dtype.value, bool(columns_first))
        elif type(data) is list and len(shape) < 2 and len(data) == math.prod(shape):
            self.value = data if shape else data[0]
        else:
            raise UnpicklingError('a damaged array of objects')


def _whole(numbers: Any) -> bool:
    return type(numbers) is tuple and all(type(n) is int and n >= 0 for n in numbers)


def _reconstruct(kind: Any, *_: Any) -> Array:
    if kind is not _NDARRAY:
        raise UnpicklingError('an array of an unknown class')
    return Array()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> Array:
    array = Array()
    array.build((1, shape, dtype, order == 'F', data))
    return array


def _scalar(dtype: Any, data: Any = None) -> Array:
    array = Array()
    array.build((1, (), dtype, False, data))
    array.value = array.value[()]
    return array


class Storage(Made):
    """Storage of a torch tensor."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.numbers = numbers


class StorageType(Made):
    """Number type of a torch storage."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class _Tensor(Made):
    def __init__(self, value: np.ndarray) -> None:
        self.value = value

    def build(self, state: Any) -> None:
        """Attributes of a tensor are left out."""


def rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Made:
    """Copy a tensor's values from its storage.

    Raises:
        UnpicklingError: It reaches beyond its storage, or is larger than that.
    """
    if not isinstance(storage, Storage) or not _whole((offset,)):
        raise UnpicklingError('a damaged tensor')
    if not _whole(shape) or not _whole(strides) or len(shape) != len(strides) or len(shape) > 16:
        raise UnpicklingError('a damaged tensor')
    flat, count = storage.numbers, math.prod(shape)
    if not count:
        return _Tensor(array_of(b'', shape, flat.dtype))
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if last >= len(flat) or count > len(flat):
        raise UnpicklingError(f'a tensor of shape {shape} in a storage of {len(flat)} numbers')
    steps = [s * flat.itemsize for s in strides]
    view = np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False)
    return _Tensor(view.copy())


def numbers_of(data: bytes, dtype: str, count: int) -> np.ndarray:
    """Decode the values of a storage; bfloat16, which numpy lacks, becomes float32."""
    if dtype != 'bf16':
        return array_of(data, (count,), np.dtype(f'<{dtype}' if dtype != '?' else '?'))
    wide = array_of(data, (count,), np.dtype('<u2')).astype('<u4') << 16
    return wide.view('<f4')


def _load_storage(data: Any) -> Storage:
    """Read a storage as ``torch.save`` writes it in its format without zip."""
    if type(data) is not bytes:
        raise UnpicklingError('a damaged storage')
    file, wanted = io.BytesIO(data), []

    def persistent(pid: Any) -> Made:
        if type(pid) is not tuple or len(pid) < 5 or not isinstance(pid[1], StorageType):
            raise UnpicklingError('a damaged storage')
        wanted.append((pid[1].dtype, pid[4]))
        return Storage(np.zeros(0))

    def part() -> Machine:
        left = len(data) - file.tell()
        return Machine(file, left, _name_in_storage, persistent)

    if part().load() != _TORCH_MAGIC:
        raise UnpicklingError('a storage of an unknown format')
    part().load()  # version
    part().load()  # system
    part().skip()  # the storage, of which the persistent id says all
    part().load()  # its key
    if len(wanted) != 1 or not _whole((wanted[0][1],)):
        raise UnpicklingError('a damaged storage')
    (dtype, count), (there,) = wanted[0], struct.unpack('<q', file.read(8))
    if there != count:
        raise UnpicklingError(f'a storage of {there} numbers, {count} expected')
    return Storage(numbers_of(file.read(), dtype, count))


def storage_type(name: str) -> StorageType | None:
    """Number type of a storage class of torch, by its name."""
    return StorageType(_STORAGES[name]) if name in _STORAGES else None


def _name_in_storage(module: str, name: str) -> Made | None:
    return storage_type(name) if module == 'torch' else None


def _encode(text: Any, encoding: Any) -> bytes:
    """Decode bytes as protocol 2 writes them."""
    if type(text) is not str or encoding != 'latin1':
        raise UnpicklingError('damaged bytes')
    return text.encode('latin1')


def ordered_dict(items: Any = ()) -> dict:
    """Build a dictionary from the pairs of a pickled OrderedDict."""
    if type(items) not in (list, tuple):
        raise UnpicklingError('a damaged dictionary')
    found = {}
    for pair in items:
        if type(pair) not in (list, tuple) or len(pair) != 2 or type(pair[0]) not in (str, int):
            raise UnpicklingError('a damaged dictionary')
        found[pair[0]] = pair[1]
    return found


def _parameter(tensor: Any, *_: Any) -> Any:
    if not isinstance(tensor, _Tensor):
        raise UnpicklingError('a damaged parameter')
    return tensor


_NDARRAY = Made()
_NAMES: dict[tuple[str, str], Made] = {
    **{
        (f'numpy.{core}', name): Maker(make)
        for core in ('core.multiarray', '_core.multiarray', 'core.numeric', '_core.numeric')
        for name, make in (
            ('_reconstruct', _reconstruct),
            ('scalar', _scalar),
            ('_frombuffer', _from_buffer),
        )
    },
    ('numpy', 'ndarray'): _NDARRAY,
    ('numpy', 'dtype'): Maker(Dtype),
    ('numpy.dtypes', 'ObjectDType'): Maker(lambda: Dtype('O')),
    ('collections', 'OrderedDict'): Maker(ordered_dict),
    ('_codecs', 'encode'): Maker(_encode),
    ('__builtin__', 'bytes'): Maker(lambda: b''),
    ('torch.storage', '_load_from_bytes'): Maker(_load_storage),
    ('torch._utils', '_rebuild_tensor_v2'): Maker(rebuild_tensor),
    ('torch._utils', '_rebuild_parameter'): Maker(_parameter),
}


def known_name(module: str, name: str) -> Made | None:
    """What a pickle of plain data means by a name; None for all that is no part of one."""
    return _NAMES.get((module, name))


def load_pickled_npy(path: str | Path) -> Any:
    """Read a ``.npy`` file whose single entry is a pickled object.

    Args:
        path: The file. A plain numeric ``.npy`` gives its array.

    Returns:
        The object, with torch tensors turned into numpy arrays.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a ``.npy`` file, damaged, it declares more than it holds, or holds something
            else than arrays, tensors, numbers, text, dicts, lists and tuples.
    """
    path = Path(path)
    size = path.stat().st_size
    with open(path, 'rb') as file:
        try:
            shape, columns_first, dtype = read_header(file)
            if dtype.hasobject:
                if dtype.kind != 'O' or len(shape) > 1:
                    raise UnpicklingError('records with objects')
                machine = Machine(file, size - file.tell(), known_name)
                return machine.load()
            left = math.prod(shape) * dtype.itemsize
            if left != size - file.tell():
                raise ValueError(f'{size - file.tell()} bytes found where {left} are declared')
            return array_of(file.read(), shape, dtype, columns_first)
        except (UnpicklingError, EOFError, ValueError, UnicodeError) as error:
            raise ValueError(f'{path}: cannot be read as a .npy file: {error}') from error
