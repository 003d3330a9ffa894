"""Reading a model's ``test_cfg``."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar('T')


def read_test_cfg(kind: type[T], test_cfg: Mapping[str, Any] | None, name: str = 'test_cfg') -> T:
    """Make a dataclass of the ``test_cfg`` of a config.

    Args:
        kind: A dataclass that checks its values.
        test_cfg: Its fields; None takes the defaults.
        name: What errors call it.

    Raises:
        ValueError: A key is unknown, or a value is refused.
    """
    test_cfg = test_cfg or {}
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if unknown := sorted(set(test_cfg) - set(known)):
        raise ValueError(f'{name} has unknown keys {unknown}, known are {known}')
    return kind(**test_cfg)
