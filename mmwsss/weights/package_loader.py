"""mmengine's loader of checkpoints that installed packages bring; importing it registers it."""

from __future__ import annotations

from typing import Any

from mmengine.runner import CheckpointLoader

from mmwsss.weights.file_kinds import read_weights_file
from mmwsss.weights.packages import SCHEME, find_in_package


@CheckpointLoader.register_scheme(prefixes=SCHEME)
def load_from_package(filename: str, map_location: Any = None) -> Any:
    """Checkpoint loader of mmengine for ``package://NAME/PATH``; weights only.

    Args:
        filename: See :func:`find_in_package`.
        map_location: Device of the tensors. Defaults to the CPU.
    """
    return read_weights_file(find_in_package(filename), map_location or 'cpu')


# The wrapper that keeps other loaders from unpickling has nothing to do here.
load_from_package._safe = True
