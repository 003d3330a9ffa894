"""Build data sets only for their lists, without loading samples."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.logging import MMLogger

from mmwsss.registry import DATASETS


def build_bare_dataset(config: Mapping[str, Any]) -> Any:
    """Build the data set of a config without its transforms.

    Lists, tags, class names and paths are there; no store that a transform would open and no
    package that it would need is. Only warnings are logged: whoever asks for lists alone does so
    many times.

    Args:
        config: Config of a data set; of one that wraps others the (first) inner one is built.
    """
    with only_warnings():
        return DATASETS.build({**innermost(config), 'pipeline': [], 'test_mode': True})


def innermost(config: Mapping[str, Any]) -> dict[str, Any]:
    """Config of the data set within others, of the first where there are many.

    Those are mmengine's wrappers, and the photos under pseudo masks, whose store may not be there
    yet.
    """
    config = dict(config)
    while key := next((key for key in ('dataset', 'datasets', 'images') if key in config), None):
        config = dict(config[key][0] if key == 'datasets' else config[key])
    return config


@contextmanager
def only_warnings(level: int = logging.WARNING) -> Iterator[None]:
    """Keep what is below a level out of mmengine's current log."""
    logger = MMLogger.get_current_instance()
    before = logger.level
    logger.setLevel(max(before, level))
    try:
        yield
    finally:
        logger.setLevel(before)
