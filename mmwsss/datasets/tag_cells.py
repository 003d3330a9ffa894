"""Split the cells of a table into tags."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import shown


def split_tags(
    path: str | Path,
    cells: Sequence[Sequence[str]],
    classes: Collection[str] | None,
    separator: str | None,
    remarks: list[str],
) -> list[list[str]]:
    """Split the cells of each row into tags, at whatever separates tags in this table.

    Args:
        path: The table, for messages.
        cells: Cells with tags of each row.
        classes: The foreground names, where they are given: they are never split.
        separator: What separates tags; None looks for it.
        remarks: Gets what the user should know.

    Raises:
        DataError: It cannot be told what separates tags.
    """
    known = set(classes or ())
    whole = [c for row in cells for c in row if c not in known and _bracketed(c) is None]
    if separator is None:
        used = [s for s in '|#,\t' if any(s in c for c in whole)]
        if '#' in used and any('' in map(str.strip, c.split('#')) for c in whole if '#' in c):
            used.remove('#')  # C# is a name
        if any(';' in c for c in whole):
            separator = ';'
        elif len(used) > 1:
            raise DataError(
                f'{path}: tags are separated by {" and by ".join(map(repr, used))}. Separate them '
                "by ';', or name what does: tags=dict(source='csv', separator=...)"
            )
        elif used:
            separator = used[0]
            remarks.append(f'tags are split at {separator!r}')
        elif known:
            words = [c for c in whole if ' ' in c and set(c.split()) <= known]
            separator = ' ' if words else None
        else:
            _refuse_blanks(path, whole)
    lists = []
    for row in cells:
        tags: list[str] = []
        for cell in row:
            listed = _bracketed(cell)
            if cell in known:
                tags.append(cell)
            elif listed is not None:
                tags += listed
            elif separator is not None:
                tags += [part.strip() for part in cell.split(separator)]
            else:
                tags.append(cell)
        lists.append([tag for tag in tags if tag])
    return lists


def _refuse_blanks(path: str | Path, cells: Sequence[str]) -> None:
    """Words that recur in other combinations may be tags between blanks, or names of two words."""
    several = {c for c in cells if ' ' in c}
    where: Counter = Counter(word for c in set(cells) for word in set(c.split()))
    if len(several) > 1 and all(where[word] > 1 for c in several for word in c.split()):
        raise DataError(
            f'{path}: {shown(sorted(several)[:3])}: tags between blanks, or names of several '
            "words? tags=dict(source='csv', separator=' ') splits at blanks, separator=';' does not"
        )


def _bracketed(cell: str) -> list[str] | None:
    """Entries of a cell that is a list of Python, JSON or Label Studio; None for any other."""
    if len(cell) < 2 or (cell[0], cell[-1]) not in (('[', ']'), ('{', '}'), ('(', ')')):
        return None
    for load in (json.loads, ast.literal_eval):
        try:
            value = load(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict):
            value = [entry for entries in value.values() for entry in entries]
        if isinstance(value, list | tuple | set | frozenset):
            return [str(entry) for entry in value]
    return [part.strip(' \'"') for part in cell[1:-1].split(',')] if cell[0] == '[' else None
