"""Write ``metrics.json``: a test stage's numbers and what they were measured on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import master_only

from mmwsss.stores.atomic import atomic_write_json

FILE_NAME = 'metrics.json'


@master_only
def write_metrics(
    work_dir: str | Path, metrics: Mapping[str, Any], protocol: Mapping[str, Any]
) -> None:
    """Write ``<work_dir>/metrics.json``, atomically, on the first process.

    Args:
        work_dir: Folder of the run.
        metrics: Metric name to number (or JSON data).
        protocol: JSON data that says how the numbers came about; stored as 'protocol'.
    """
    numbers = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in metrics.items()
    }
    atomic_write_json(Path(work_dir) / FILE_NAME, {**numbers, 'protocol': dict(protocol)})
