"""CVAT's list of classes and their colours."""

from __future__ import annotations

from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import foreground, read_lines

Colour = tuple[int, int, int]
_IGNORED = ('ignore', '__ignore__', 'void', 'ambiguous')


def read_labelmap(path: Path) -> tuple[dict[Colour, int], list[str]]:
    """Colours of a ``labelmap.txt`` and the foreground names in its order.

    Raises:
        DataError: A line is no ``name:r,g,b``, or a colour or name occurs twice.
    """
    found: dict[Colour, str] = {}
    for line in read_lines(path):
        if line.startswith('#'):
            continue
        name, _, rest = line.partition(':')
        try:
            colour = tuple(int(part) for part in rest.split(':')[0].split(','))
        except ValueError:
            colour = ()
        if len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
            raise DataError(f'{path}: {line!r} is no name:r,g,b')
        if colour in found or name in found.values():
            raise DataError(f'{path}: the name or the colour of {line!r} occurs twice')
        found[colour] = name
    names = [name for name in foreground(found.values()) if name.lower() not in _IGNORED]
    if not names:
        raise DataError(f'{path}: no class beside the background')
    number = {name: k for k, name in enumerate(names, start=1)}
    ignored = {name for name in found.values() if name.lower() in _IGNORED}
    number.update(dict.fromkeys(ignored, 255))
    return {colour: number.get(name, 0) for colour, name in found.items()}, names
