"""A kind of published checkpoint and the rules that rename its parameters to ours."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, nn

Value = TypeVar('Value')
# Regular expressions and what replaces them, applied one after the other.
Rules = tuple[tuple[str, str | Callable[[re.Match], str]], ...]


@dataclass(frozen=True)
class CheckpointFormat:
    """A published kind of checkpoint.

    Args:
        summary: Which published file it is and what it becomes.
        rules: How its names become ours.
        counterpart: Builds our model that holds such a checkpoint; it says which names there must
            be and is never given memory.
        dropped: Regular expression of its names that our model does not need.
        values: Changes a tensor that is not only named otherwise, given our name and itself.
    """

    summary: str
    rules: Rules
    counterpart: Callable[[], nn.Module]
    dropped: str = r'(?!)'
    values: Callable[[str, Tensor], Tensor] = lambda name, value: value


def rename(name: str, rules: Rules) -> str:
    """Apply all rules to one name."""
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def rename_keys(
    state: Mapping[str, Value], source: CheckpointFormat
) -> tuple[dict[str, Value], list[str]]:
    """Translate a checkpoint's names into ours.

    Args:
        state: Published names to arrays or tensors.
        source: The kind of checkpoint.

    Returns:
        Our names to the same values, and the names that were dropped.

    Raises:
        ValueError: A name has no counterpart in our model, or one of ours is missing.
    """
    dropped = [name for name in state if re.fullmatch(source.dropped, name)]
    names = {name: rename(name, source.rules) for name in state if name not in set(dropped)}
    expected = _names_of_counterpart(source)
    unexpected = [f'{old} (-> {new})' for old, new in names.items() if new not in expected]
    # Files of old PyTorch and MXNet do not count batches, and nothing of ours reads the count.
    missing = sorted(
        name for name in expected - set(names.values()) if not name.endswith('.num_batches_tracked')
    )
    if unexpected or missing:
        raise ValueError(
            f'this is not the expected checkpoint: {source.summary} '
            f'Unexpected: {_some(unexpected)}. Missing: {_some(missing)}'
        )
    return {new: state[old] for old, new in names.items()}, dropped


@cache  # networks are built for it, some of which take a second
def _names_of_counterpart(source: CheckpointFormat) -> frozenset[str]:
    with torch.device('meta'):
        return frozenset(source.counterpart().state_dict())


def _some(names: list[str], limit: int = 8) -> str:
    """The first names of a list, and how many more there are."""
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return (', '.join(names[:limit]) or 'none') + rest
