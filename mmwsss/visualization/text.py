"""Format durations and protocols for tables."""

from collections.abc import Mapping, Sequence
from typing import Any

# Columns of the table of stages: where a stage's mIoU goes, and the heading.
COLUMNS = {'seed': 'seed mIoU', 'mask': 'mask mIoU', 'segmentor': 'segmentor mIoU'}


def format_seconds(seconds: float | None) -> str:
    """Seconds as ``4.2 s``, ``3:05 min`` or ``1:02:03 h``; '-' if unknown."""
    if seconds is None:
        return '-'
    whole = round(seconds)
    if whole < 60:
        return f'{seconds:.1f} s' if seconds < 10 else f'{whole} s'
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f'{minutes}:{rest:02d} min'
    return f'{minutes // 60}:{minutes % 60:02d}:{rest:02d} h'


def outdated_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Name the stages whose numbers do not go with those of the others; '' if there are none."""
    names = ', '.join(row['stage'] for row in rows if row['state'] == 'outdated')
    return f'{names} (of older config, inputs or code: mmwsss run --dry-run)' if names else ''


def protocol_text(protocol: Mapping[str, Any]) -> str:
    """A protocol in one line, for printing beside a number.

    What is off or empty is left out.
    """
    parts = []
    for key, value in protocol.items():
        if value is None or value is False or value in ('', [], {}):
            continue
        name = key.replace('_', ' ')
        parts.append(name if value is True else f'{name} {_value_text(value)}')
    return ', '.join(parts)


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = {k: v for k, v in value.items() if k not in ('type', 'source')}
        kind = value.get('type') or value.get('source')
        if kind is None:
            return f'({protocol_text(inner)})'
        return f'{kind} ({protocol_text(inner)})' if protocol_text(inner) else str(kind)
    if isinstance(value, list | tuple):
        separator = ' + ' if any(isinstance(v, Mapping) for v in value) else ' '
        return separator.join(map(_value_text, value))
    return f'{value:g}' if isinstance(value, float) else str(value)
