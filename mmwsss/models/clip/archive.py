"""Read weights of CLIP from OpenAI's TorchScript archives and from ordinary checkpoints.

Nothing in an archive is executed: its pickle is read by a machine that knows only tensors and plain
containers, and treats modules as dictionaries of their attributes.
"""

import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmwsss.stores.arrays import check_file, check_unfolding
from mmwsss.stores.pickle_placeholders import Made, Maker, UnpicklingError
from mmwsss.stores.restricted_pickle import Machine
from mmwsss.stores.safe_pickle import (
    Storage,
    StorageType,
    numbers_of,
    ordered_dict,
    rebuild_tensor,
    storage_type,
)
from mmwsss.weights import read_weights_file

#: In OpenAI's archives beside the weights; the causal mask follows from the context length.
NOT_WEIGHTS = ('input_resolution', 'context_length', 'vocab_size', 'attn_mask')

_DAMAGES = (EOFError, KeyError, NotImplementedError, RuntimeError, ValueError, zipfile.BadZipFile)


class _State(dict):
    """State of a module in an archive."""


class _Module(Made):
    """A module of an archive: its state without its code."""

    def build(self, state: Any) -> None:
        self.value = state if type(state) is dict else {}

    def finish(self, value: Any) -> _State:
        return _State(value)


def _named(module: str, name: str) -> Made | None:
    """Return what stands for a class or function that a TorchScript pickle may name."""
    if module == '__torch__' or module.startswith('__torch__.'):
        return Maker(_Module)
    if module == 'torch':
        return storage_type(name)
    if module == 'torch.jit._pickle' and name.startswith('build_'):
        return Maker(_list)
    known: dict[tuple[str, str], Callable[..., Any]] = {
        ('collections', 'OrderedDict'): ordered_dict,
        ('torch._utils', '_rebuild_tensor_v2'): rebuild_tensor,
        ('torch.jit._pickle', 'restore_type_tag'): lambda value, _: value,
    }
    make = known.get((module, name))
    return None if make is None else Maker(make)


def _list(values: Any = ()) -> list:
    if type(values) not in (list, tuple):
        raise UnpicklingError('a damaged list')
    return list(values)


def _read_module(archive: zipfile.ZipFile, root: str, size: int) -> Any:
    """Read the pickled module of an archive as nested states of arrays."""
    check_unfolding(archive)
    storages: dict[str, Storage] = {}

    def storage(pid: Any) -> Storage:
        if type(pid) is not tuple or len(pid) != 5 or not isinstance(pid[1], StorageType):
            raise UnpicklingError('a damaged storage')
        _, kind, key, _, count = pid
        if type(key) is not str or type(count) is not int:
            raise UnpicklingError('a damaged storage')
        if key not in storages:
            data = archive.read(f'{root}/data/{key}')
            storages[key] = Storage(numbers_of(data, kind.dtype, count))
        return storages[key]

    info = archive.getinfo(f'{root}/data.pkl')
    with archive.open(info) as file:
        machine = Machine(file, info.file_size, _named, storage, budget=4 * size)
        return machine.load()


def _tensors(module: _State, prefix: str = '') -> Iterator[tuple[str, Tensor]]:
    for name, value in module.items():
        if isinstance(value, np.ndarray):
            yield f'{prefix}{name}', torch.from_numpy(value)
        elif isinstance(value, _State):
            yield from _tensors(value, f'{prefix}{name}.')


def is_archive(path: str | Path) -> bool:
    """Whether a file is a TorchScript archive."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith('/constants.pkl') for name in archive.namelist())


def read_archive(path: str | Path) -> dict[str, Tensor]:
    """Read all tensors in the modules of a TorchScript archive, under their state-dict names.

    Raises:
        ValueError: The file is damaged, or holds something else than modules, tensors and numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (pickled,) = (name for name in archive.namelist() if name.endswith('/data.pkl'))
            size = Path(path).stat().st_size
            module = _read_module(archive, pickled.removesuffix('/data.pkl'), size)
    except (UnpicklingError, *_DAMAGES) as error:
        raise ValueError(f'{path}: cannot be read as a TorchScript archive: {error}') from error
    if not isinstance(module, _State):
        raise ValueError(f'{path}: expected a module, found {type(module).__name__}')
    return dict(_tensors(module))


def read_clip_weights(path: str | Path) -> dict[str, Tensor]:
    """Read the state dict of a CLIP, under OpenAI's names.

    Args:
        path: OpenAI's archive (``ViT-B-16.pt``), a state dict, or a checkpoint with
            ``state_dict``, e.g. one of :class:`~mmwsss.models.stand_ins.CLIPPretrainer`;
            ``module.`` and ``clip.`` in front of all names are removed.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no tensors under names.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such CLIP weights. OpenAI's archives are listed in "
            'https://github.com/openai/CLIP/blob/main/clip/clip.py'
        )
    state: Any
    if is_archive(path):
        state = read_archive(path)
    else:
        try:
            check_file(path)
            state = read_weights_file(path)
        except (pickle.UnpicklingError, *_DAMAGES) as error:
            raise ValueError(
                f'{path}: cannot be read as weights ({str(error).splitlines()[0]}). Fetch the file '
                'again, or name another'
            ) from error
    if isinstance(state, Mapping) and isinstance(state.get('state_dict'), Mapping):
        state = state['state_dict']
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f'{path}: expected a state dict of tensors, found {type(state).__name__}')
    for prefix in ('module.', 'clip.'):
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return {k: v for k, v in state.items() if k.rpartition('.')[2] not in NOT_WEIGHTS}
