"""Placeholders of objects in a pickle, which the restricted unpickler replaces by their values."""

import pickle
from collections.abc import Callable
from typing import Any

_DEPTH = 64
SCALARS = (str, bytes, int, float, bool, type(None))
UnpicklingError = pickle.UnpicklingError


class Made:
    """Placeholder for an object named by a pickle or returned by a maker, replaced at the end.

    One without a value may stand as an argument, but not in the result.
    """

    value: Any = None

    def build(self, state: Any) -> None:
        """Check and take the state that the opcode BUILD sets.

        Raises:
            UnpicklingError: It is none that belongs here.
        """
        raise UnpicklingError(f'a state for a {type(self).__name__}')

    def finish(self, value: Any) -> Any:
        """Return the final object for the finished value."""
        return value


class Maker(Made):
    """A function or class that a pickle may name and call.

    Args:
        make: Called with the arguments in the file; checks them.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make


def finish(root: Any, budget: int) -> Any:
    """Replace placeholders by their values.

    Args:
        root: What a :class:`~mmwsss.stores.restricted_pickle.Machine` has read.
        budget: Bytes that the result may take where everything that is shared is counted each time.

    Raises:
        UnpicklingError: A container holds itself, containers are nested too deep, something is no
            plain data, or the result is larger than the budget.
    """
    done: dict[int, tuple[Any, int]] = {}  # what became of each object, and its bytes unfolded

    def unfold(value: Any, depth: int) -> tuple[Any, int]:
        if isinstance(value, SCALARS):
            return value, len(value) if isinstance(value, str | bytes) else 1
        if id(value) in done:
            if done[id(value)][1] < 0:
                raise UnpicklingError('a container that holds itself')
            return done[id(value)]
        if depth > _DEPTH:
            raise UnpicklingError(f'containers nested more than {_DEPTH} deep')
        done[id(value)] = None, -1
        result: Any
        size: int | None
        if type(value) in (list, tuple, dict):
            pairs = [unfold(x, depth + 1) for x in (value.values() if _maps(value) else value)]
            size = 1 + len(pairs) + sum(weight for _, weight in pairs)
            entries = [entry for entry, _ in pairs]
            result = dict(zip(value, entries, strict=True)) if _maps(value) else entries
            result = tuple(result) if type(value) is tuple else result
        elif isinstance(value, Made) and value.value is not None:
            result, size = value.value, getattr(value.value, 'nbytes', None)
            if size is None:
                result, size = unfold(result, depth + 1)
            result = value.finish(result)
        else:
            raise UnpicklingError(f'a bare {type(value).__name__}')
        if size > budget:
            raise UnpicklingError(
                f'it unfolds to more than {budget} bytes, because it holds the same '
                'parts many times over'
            )
        done[id(value)] = result, size
        return result, size

    return unfold(root, 0)[0]


def _maps(value: Any) -> bool:
    return type(value) is dict
