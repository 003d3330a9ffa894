"""Read published checkpoints of any kind."""

import pickle
from pathlib import Path

import torch
from torch import Tensor

from mmwsss.models.conversion.mxnet import is_params_file, read_params
from mmwsss.stores.arrays import check_file
from mmwsss.weights import read_weights_file


def read_checkpoint(path: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a PyTorch checkpoint or an MXNet parameter file.

    A dictionary with ``state_dict`` or ``model`` is unwrapped, and ``module.`` in front of all
    names is removed. Nothing but weights is unpickled.

    Args:
        path: The file.

    Raises:
        ValueError: The file holds no tensors under names.
    """
    if is_params_file(path):
        return {name: torch.from_numpy(value) for name, value in read_params(path).items()}
    try:
        check_file(path)
        state = read_weights_file(path)
    except (pickle.UnpicklingError, EOFError, RuntimeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f'{path}: cannot be read as weights ({reason}). Fetch the file again, or name another'
        ) from error
    for key in ('state_dict', 'model'):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f'{path}: expected a state dict of tensors, found {type(state).__name__}')
    if all(name.startswith('module.') for name in state):
        state = {name.removeprefix('module.'): value for name, value in state.items()}
    return state
