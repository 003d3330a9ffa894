"""Weights of CLIP from files: OpenAI's TorchScript archives and ordinary checkpoints.

Nothing in an archive is executed: its pickle is read by an unpickler that knows tensors and plain
containers, and takes modules for bags of attributes.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch._utils import _rebuild_tensor_v2

from mmwsss.weights import read_weights_file

#: In OpenAI's archives beside the weights; the causal mask follows from the context length.
NOT_WEIGHTS = ('input_resolution', 'context_length', 'vocab_size', 'attn_mask')

_STORAGES = {
    f'{name}Storage': dtype
    for name, dtype in {
        'Float': torch.float32,
        'Half': torch.float16,
        'BFloat16': torch.bfloat16,
        'Double': torch.float64,
        'Long': torch.int64,
        'Int': torch.int32,
        'Bool': torch.bool,
    }.items()
}


class _Module:
    """A module of an archive: what it held, nothing that it did."""

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, Mapping) else {}


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f'{root}/data.pkl'))
        self.archive, self.root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        if module == '__torch__' or module.startswith('__torch__.'):
            return _Module
        if (module, name) == ('collections', 'OrderedDict'):
            return OrderedDict
        if (module, name) == ('torch._utils', '_rebuild_tensor_v2'):
            return _rebuild_tensor_v2
        if module == 'torch' and name in _STORAGES:
            return _STORAGES[name]
        if module == 'torch.jit._pickle' and name.startswith('build_'):
            return list
        if (module, name) == ('torch.jit._pickle', 'restore_type_tag'):
            return lambda value, _: value
        raise pickle.UnpicklingError(
            f'it refers to {module}.{name}, which is neither a tensor nor a plain container'
        )

    def persistent_load(self, pid: Any) -> Any:
        _, dtype, key, _, _ = pid
        data = bytearray(self.archive.read(f'{self.root}/data/{key}'))
        storage = torch.frombuffer(data, dtype=torch.uint8).untyped_storage()
        return torch.storage.TypedStorage(wrap_storage=storage, dtype=dtype, _internal=True)


def _tensors(module: _Module, prefix: str = '') -> Iterator[tuple[str, Tensor]]:
    for name, value in module.state.items():
        if isinstance(value, Tensor):
            yield f'{prefix}{name}', value.detach()
        elif isinstance(value, _Module):
            yield from _tensors(value, f'{prefix}{name}.')


def is_archive(path: str | Path) -> bool:
    """Whether a file is a TorchScript archive."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith('/constants.pkl') for name in archive.namelist())


def read_archive(path: str | Path) -> dict[str, Tensor]:
    """All tensors that the modules of a TorchScript archive hold, under their state-dict names.

    Raises:
        ValueError: The file is damaged, or holds something else than modules, tensors and numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (pickled,) = (name for name in archive.namelist() if name.endswith('/data.pkl'))
            module = _Unpickler(archive, pickled.removesuffix('/data.pkl')).load()
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path}: cannot be read as a TorchScript archive: {error}') from error
    if not isinstance(module, _Module):
        raise ValueError(f'{path}: expected a module, found {type(module).__name__}')
    return dict(_tensors(module))


def read_clip_weights(path: str | Path) -> dict[str, Tensor]:
    """State dict of a CLIP, under OpenAI's names.

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
    if is_archive(path):
        state = read_archive(path)
    else:
        try:
            state = read_weights_file(path)
        except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
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
