"""Convert Python objects to plain data for ``torch.load(weights_only=True)``, and back."""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

_TAG = '__mmwsss__'
_CODE = (FunctionType, BuiltinFunctionType, MethodType, functools.partial)


class _NotPlainError(TypeError):
    """The object cannot be expressed as plain data."""


def to_plain(value: Mapping[str, Any], name: str = 'checkpoint') -> tuple[dict, list[str]]:
    """Turn a checkpoint into tensors, numbers, text and containers of these.

    numpy arrays and mmengine's ``HistoryBuffer`` become tagged dictionaries that
    :func:`from_plain` turns back, tensors go to the CPU. Functions (the annealing function in the
    state of a ``OneCycleLR``, say) are left out: the object that loads the state has its own. So
    are other objects, and those are listed.

    Args:
        value: The checkpoint.
        name: What the paths in the list start with.

    Returns:
        The plain checkpoint, and ``path: type`` of every object left out that is not a function.
    """
    left_out: list[str] = []
    return _encode(value, name, left_out), left_out


def _encode(value: Any, path: str, left_out: list[str]) -> Any:
    if value is None or type(value) in (bool, int, float, str, torch.dtype):
        return value
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, (np.ndarray, np.generic)):
        return _encode_array(value, path)
    if isinstance(value, HistoryBuffer):
        log, count = (_encode_array(array, path) for array in value.data)
        return {_TAG: 'HistoryBuffer', 'log': log, 'count': count, 'length': value.max_length}
    if isinstance(value, Mapping):
        return _encode_mapping(value, path, left_out)
    if isinstance(value, (list, tuple)):
        items = (_encode(item, f'{path}[{i}]', left_out) for i, item in enumerate(value))
        return list(items) if isinstance(value, list) else tuple(items)
    if isinstance(value, (set, frozenset)):
        return {_TAG: 'set', 'items': [_encode(item, path, left_out) for item in value]}
    for base in (int, float, str):  # enumerations and the like
        if isinstance(value, base):
            return getattr(base, f'__{base.__name__}__')(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise _NotPlainError('' if isinstance(value, _CODE) else f'{path}: {type(value).__name__}')


def _encode_array(value: np.ndarray | np.generic, path: str) -> dict:
    array = np.asarray(value)
    if array.dtype.hasobject or array.dtype.names:
        raise _NotPlainError(f'{path}: array of {array.dtype}')
    data = torch.tensor(bytearray(array.tobytes()), dtype=torch.uint8)
    shape = None if isinstance(value, np.generic) else list(array.shape)
    return {_TAG: 'array', 'dtype': array.dtype.str, 'shape': shape, 'data': data}


def _encode_mapping(value: Mapping, path: str, left_out: list[str]) -> dict:
    plain: dict = OrderedDict() if isinstance(value, OrderedDict) else {}
    for key, item in value.items():
        try:
            key = key.item() if isinstance(key, np.generic) else key
            plain[key] = _encode(item, f'{path}.{key}', left_out)
        except _NotPlainError as error:
            left_out.extend(text for text in error.args if text)
    if isinstance(value, OrderedDict) and '_metadata' in vars(value):  # versions of layers
        metadata = _encode(vars(value)['_metadata'], f'{path}._metadata', left_out)
        vars(plain)['_metadata'] = metadata
    return plain


def from_plain(value: Any) -> Any:
    """Undo :func:`to_plain`; other data is returned unchanged."""
    if type(value) in (dict, OrderedDict):
        if _TAG in value:
            return _DECODERS[value[_TAG]](value)
        restored = type(value)((key, from_plain(item)) for key, item in value.items())
        if hasattr(value, '_metadata'):
            restored._metadata = value._metadata
        return restored
    if type(value) in (list, tuple):
        return type(value)(from_plain(item) for item in value)
    return value


def _decode_array(value: Mapping) -> np.ndarray | np.generic:
    array = np.frombuffer(value['data'].cpu().numpy().tobytes(), np.dtype(value['dtype']))
    if value['shape'] is None:
        return array[0]
    return array.reshape(value['shape']).copy()  # writable


def _decode_history(value: Mapping) -> HistoryBuffer:
    log, count = _decode_array(value['log']), _decode_array(value['count'])
    return HistoryBuffer(log, count, value['length'])


_DECODERS = {
    'array': _decode_array,
    'HistoryBuffer': _decode_history,
    'set': lambda value: set(from_plain(value['items'])),
}
