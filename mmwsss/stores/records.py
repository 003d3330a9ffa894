"""Read JSON records and check their keys and types."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: What a value may be: a type, ``None``, a tuple of alternatives, ``[kind]`` for a list of it,
#: ``{str: kind}`` for an object with values of it, ``object`` for anything.
Kind = Any
_LIMIT = 64 << 20


class RecordError(ValueError):
    """A file is not the expected JSON object."""


def read_record(path: str | Path, required: Mapping[str, Kind], **optional: Kind) -> dict[str, Any]:
    """Read a JSON object and check its keys and the types of their values.

    Other keys are left as they are.

    Args:
        path: The file.
        required: What each key that must be there holds, e.g. ``{'classes': [str]}``.
        **optional: The same for keys that may be missing.

    Raises:
        FileNotFoundError: There is no such file.
        RecordError: It cannot be read, is no object, lacks keys, or a value is of another type.
            Names the file, the key, what is expected and what was found.

    Example:
        >>> read_record('done.json', {'outputs': {str: {str: object}}}, seconds=float)
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LIMIT:
            raise RecordError(f'{path}: larger than {_LIMIT} bytes; it is no record')
        content = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, RecordError):
            raise
        reason = 'nested too deeply' if isinstance(error, RecursionError) else error
        raise RecordError(f'{path}: cannot be read as JSON ({reason})') from None
    if not isinstance(content, dict):
        raise RecordError(f'{path}: an object is expected, found {_named(content)}')
    missing = [key for key in required if key not in content]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing, found {sorted(content)[:12]}')
    for key, kind in {**required, **optional}.items():
        if key in content and not conforms(content[key], kind):
            raise RecordError(
                f'{path}: {key} must be {describe(kind)}, found {_named(content[key])}'
            )
    return content


def conforms(value: Any, kind: Kind) -> bool:
    """Whether a JSON value is of a kind; ``True`` is no number, an integer is a ``float`` too."""
    if kind is None:
        return value is None
    if isinstance(kind, tuple):
        return any(conforms(value, one) for one in kind)
    if isinstance(kind, list):
        return isinstance(value, list | tuple) and all(conforms(one, kind[0]) for one in value)
    if isinstance(kind, dict):
        (inner,) = kind.values()
        return isinstance(value, dict) and all(conforms(one, inner) for one in value.values())
    if isinstance(value, bool):
        return kind in (bool, object)
    return isinstance(value, (int, float) if kind is float else kind)


def describe(kind: Kind) -> str:
    """Describe a kind in words."""
    if kind is None:
        return 'null'
    if isinstance(kind, tuple):
        return ' or '.join(map(describe, kind))
    if isinstance(kind, list):
        return f'a list of {describe(kind[0])}'
    if isinstance(kind, dict):
        return f'an object of {describe(next(iter(kind.values())))}'
    names = {str: 'text', int: 'a whole number', float: 'a number', bool: 'true or false'}
    return names.get(kind, {dict: 'an object', list: 'a list'}.get(kind, 'anything'))


def _named(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 60 else f'{text[:57]}...'
