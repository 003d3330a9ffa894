"""Detect the kind of a weight file by its first bytes, e.g. an HTML page saved under its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmwsss.weights.errors import WeightsError

_LFS = b'version https://git-lfs'
_HEADER_LIMIT = 100 << 20  # of safetensors' own header


def is_safetensors(path: str | Path) -> bool:
    """Whether a file is in the safetensors format: eight bytes of a length, then JSON."""
    with open(path, 'rb') as file:
        head = file.read(9)
    return (
        len(head) == 9 and head[8:] == b'{' and int.from_bytes(head[:8], 'little') < _HEADER_LIMIT
    )


def refuse_other_kinds(path: str | Path) -> None:
    """Name a file that is no file of weights for what it is.

    Raises:
        WeightsError: It is a web page or a Git LFS pointer.
    """
    with open(path, 'rb') as file:
        head = file.read(512).lstrip(b'\xef\xbb\xbf \t\r\n')
    if head.startswith(_LFS):
        raise WeightsError(
            f'checkpoint {path} is a Git LFS pointer, a note of where the weights are: fetch them '
            'with `git lfs pull`, or download the file itself'
        )
    if head[:1] == b'<':
        raise WeightsError(
            f'checkpoint {path} is a web page (HTML), not weights: the download met a page to sign '
            'in or to confirm. Open its address in a browser and save the file itself'
        )


def read_weights_file(
    path: str | Path, map_location: Any = 'cpu', weights_only: bool = True
) -> Any:
    """Read what torch or safetensors saved.

    Args:
        path: The file; its content counts, not its suffix.
        map_location: Device of the tensors.
        weights_only: Refuse pickles of more than tensors and plain data.

    Raises:
        WeightsError: It is a web page or a Git LFS pointer.
    """
    refuse_other_kinds(path)
    if is_safetensors(path):
        from safetensors.torch import load_file

        return load_file(path, device=str(map_location or 'cpu'))
    return torch.load(path, map_location=map_location, weights_only=weights_only)
