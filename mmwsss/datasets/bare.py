"""Build data sets only for their lists, without loading samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmwsss.registry import DATASETS


def build_bare_dataset(config: Mapping[str, Any]) -> Any:
    """Build the data set of a config without its transforms.

    Lists, tags, class names and paths are there; no store that a transform would open and no
    package that it would need is.

    Args:
        config: Config of a data set; of one that wraps others the (first) inner one is built.
    """
    config = dict(config)
    # Wrappers of mmengine, and the photos under pseudo masks, whose store may not be there yet.
    while key := next((key for key in ('dataset', 'datasets', 'images') if key in config), None):
        config = dict(config[key][0] if key == 'datasets' else config[key])
    return DATASETS.build({**config, 'pipeline': [], 'test_mode': True})
