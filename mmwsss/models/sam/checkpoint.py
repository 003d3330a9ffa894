"""Published SAM checkpoints: reading them, and the sizes of their network."""

import pickle
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from mmwsss.models.sam.sizes import SAMSizes, sizes_of
from mmwsss.weights import read_weights_file


def read_sam_state(path: Path) -> Mapping[str, Tensor]:
    """Read the state dict of a published file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no state dict.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'{path}: no such SAM checkpoint. The published ones are at '
            'https://github.com/facebookresearch/segment-anything#model-checkpoints'
        )
    try:
        state = read_weights_file(path)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f'{path}: cannot be read as weights ({str(error).splitlines()[0]}). Fetch the file '
            'again, or name another'
        ) from error
    if not isinstance(state, Mapping):
        raise ValueError(
            f'{path}: no SAM checkpoint: expected a state dict of tensors, found '
            f'{type(state).__name__}'
        )
    return state


def state_sizes(state: Mapping[str, Tensor], where: str) -> SAMSizes:
    """Read the sizes of a SAM off its weights; ``where`` begins the message of an error."""
    try:
        return sizes_of(state)
    except ValueError as error:
        raise ValueError(f'{where}{error}') from None
