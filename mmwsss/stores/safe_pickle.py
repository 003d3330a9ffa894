"""Reading other people's ``.npy`` dictionaries without running their code.

Published repositories save a dict through ``np.save``, which pickles it. Here only
numpy arrays, torch tensors and plain containers are rebuilt; anything else in the
file is refused by name and never called.
"""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

_NUMPY = {
    (f'numpy.{core}', name)
    for core in ('core.multiarray', '_core.multiarray', 'core.numeric', '_core.numeric')
    for name in ('_reconstruct', 'scalar', '_frombuffer')
} | {('numpy', 'ndarray'), ('numpy', 'dtype'), ('numpy.dtypes', 'ObjectDType')}


def _tensor_storage(data: bytes) -> Any:
    """What torch's pickles call to read a storage, without its unsafe default."""
    import torch

    return torch.load(io.BytesIO(data), weights_only=True)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ('torch.storage', '_load_from_bytes'):
            return _tensor_storage
        if (module, name) == ('collections', 'OrderedDict'):
            return OrderedDict
        if (module, name) == ('_codecs', 'encode'):  # how protocol 2 writes bytes
            return lambda text, encoding: text.encode(encoding)
        if (module, name) in _NUMPY or (module, name) == ('torch._utils', '_rebuild_tensor_v2'):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f'it refers to {module}.{name}, which is neither an array nor a plain container; '
            'the file is not read'
        )


def load_pickled_npy(path: str | Path) -> Any:
    """Content of a ``.npy`` file whose single entry is a pickled object.

    Args:
        path: The file. A plain numeric ``.npy`` gives its array.

    Returns:
        The object, with torch tensors turned into numpy arrays.

    Raises:
        ValueError: Not a ``.npy`` file, damaged, or it holds something else than
            arrays, tensors, numbers, text, dicts, lists and tuples.
    """
    with open(path, 'rb') as file:
        try:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, dtype = read(file)
            if not dtype.hasobject:
                return np.load(path, allow_pickle=False)
            array = _Unpickler(file, encoding='latin1').load()
        except (pickle.UnpicklingError, EOFError, KeyError, ValueError, AttributeError) as error:
            raise ValueError(f'{path}: cannot be read as a .npy file: {error}') from error
    return _plain(array.item() if shape == () else array.tolist())


def _plain(value: Any) -> Any:
    """Tensors to arrays, through containers."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if hasattr(value, 'detach') and hasattr(value, 'numpy'):
        return value.detach().cpu().numpy()
    return value
