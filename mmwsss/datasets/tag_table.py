"""The common result of all readers of tag files: tags by image."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from mmwsss.datasets.listing import shown

# What people and tables write for "nothing".
NOTHING = ('background', 'none', 'nan', 'null', 'n/a', 'unlabeled', 'unlabelled')
# What inspections call a part that has nothing; it may as well be the name of a thing.
_FINE = ('good', 'ok', 'okay', 'normal', 'pass', 'passed', 'fine', 'healthy', 'no defect', 'clean')
_SEPARATORS = ',|#[]'


class TagTable(NamedTuple):
    """Tags by image: names or class ids 0..C-1, with the line of the file for messages.

    Args:
        tags: Image id -> names or class ids.
        lines: Image id -> line.
        remarks: What a reader of the file should check.
    """

    tags: Mapping[str, Sequence]
    lines: dict[str, int]
    remarks: tuple[str, ...] = ()


def without_nothing(
    tags: Mapping[str, Iterable[str]], classes: Collection[str] | None
) -> tuple[dict[str, list[str]], list[str]]:
    """Tags without repetitions and without words for "nothing", and a remark on these.

    Args:
        tags: Names by image id.
        classes: The classes, where they are given: such a word may be one of them.
    """
    dropped: dict[str, int] = {}
    table: dict[str, list[str]] = {}
    for img_id, names in tags.items():
        kept = []
        for name in dict.fromkeys(names):
            if name.casefold() in NOTHING and name not in (classes or ()):
                dropped[name] = dropped.get(name, 0) + 1
            elif name:
                kept.append(name)
        table[img_id] = kept
    texts = [f'{name!r} ({count} images)' for name, count in dropped.items()]
    return table, [f'read as "no tag": {", ".join(texts)}'] if texts else []


def remarks_on_names(names: Iterable[str]) -> list[str]:
    """Remarks on names of classes that look like a misread file."""
    names = sorted(set(names))
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    twins = [' and '.join(map(repr, group)) for group in folded.values() if len(group) > 1]
    held = [repr(name) for name in names if any(letter in name for letter in _SEPARATORS)]
    numbers = [repr(name) for name in names if name in ('0', '1', '0.0', '1.0', 'True', 'False')]
    remarks = []
    fine = [repr(name) for name in names if name.casefold().replace('_', ' ') in _FINE]
    if fine and len(names) > len(fine):
        remarks.append(
            f'{", ".join(fine)} would be looked for in photos as a thing of its own; if it says '
            'that nothing is there, write none in its place or leave its cells empty'
        )
    if twins:
        remarks.append(f'classes that differ in case only: {shown(twins)}')
    if held:
        remarks.append(f'names that hold a separator: {shown(held)}')
    if numbers:
        remarks.append(f'names that are numbers, as of a table with a column a class: {numbers}')
    return remarks
