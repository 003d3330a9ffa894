"""Configs that are left with runs are written as mmengine puts them together.

Each run writes its config, and yapf takes longer to lay one out than a toy takes to train. That
the text is Python is looked at all the same.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from mmengine.config import config

LAID_OUT = config.FormatCode


def leave_unformatted() -> None:
    """Take yapf out of mmengine, in this process."""
    config.FormatCode = _parse


@contextmanager
def formatted() -> Iterator[None]:
    """Inside, configs are laid out as they are for users."""
    with patch.object(config, 'FormatCode', LAID_OUT):
        yield


def _parse(text: str, **options: object) -> tuple[str, bool]:
    ast.parse(text)
    return text, False
