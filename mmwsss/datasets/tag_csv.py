"""Read tags from tables written by people and labelling tools."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import composed, shown, strip_suffix
from mmwsss.datasets.tag_cells import split_tags
from mmwsss.datasets.tag_json import IMAGE_WORDS, TAG_WORDS, Row, json_rows
from mmwsss.datasets.tag_names import resolve_names
from mmwsss.datasets.tag_table import TagTable, remarks_on_names, without_nothing

_YES, _NO = (
    ('1', '1.0', 'true', 'yes', 'y', 'x'),
    ('0', '0.0', 'false', 'no', 'n', '', '-1', '-1.0'),
)
# What tables of tags are saved as, read by us or not.
_TABLES = ('.csv', '.tsv', '.txt', '.json', '.jsonl', '.xlsx', '.xls', '.ods', '.numbers')
_NUMBERED = re.compile(r'(tag|label|class|category)[ _]?\d+')


def read_tag_csv(
    path: str | Path,
    images: Collection[str] | None = None,
    *,
    classes: Collection[str] | None = None,
    separator: str | None = None,
) -> TagTable:
    """Read a table of images and tags, ``image,tag;tag`` or what tools make of it.

    Cells may be separated by ``,``, ``;``, tabs or ``|`` and quoted; a first line without an image
    name is a header. Tags are separated by ``;``; where no cell has one, by the one of ``|``, ``#``
    and ``,`` that occurs, or they are a list in brackets. A table with one 0/1 column per class is
    read too, and so is the JSON of Label Studio, doccano and COCO. A row without tags, or with
    ``none``, ``nan`` or ``background``, is an untagged image.

    Args:
        path: The file, UTF-8 or UTF-16 with a byte order mark.
        images: Ids of the photos, where they are known: names with folders or prefixes that tools
            add are matched with them.
        classes: The foreground names, where they are given: they are never split.
        separator: What separates tags, to overrule all of that.

    Raises:
        DataError: It cannot be told which tags are meant; the layout found is named.
    """
    text = _text(path).replace('\r\n', '\n').replace('\r', '\n')
    remarks: list[str] = []
    if text.lstrip()[:1] in ('{', '['):
        rows = json_rows(text, str(path))
    else:
        rows = _rows(text, path, images, classes, separator, remarks)
    rows = [(name, [composed(tag.strip()) for tag in tags], line) for name, tags, line in rows]
    names, more = resolve_names([name for name, _, _ in rows], images)
    tags: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    written: dict[str, str] = {}
    again = 0
    for img_id, (name, found, line) in zip(names, rows, strict=True):
        if img_id in tags and written[img_id] != name:
            raise DataError(
                f'{path}: image {img_id!r} occurs in lines {lines[img_id]} and {line}. Put all its '
                'tags into one line'
            )
        again += img_id in tags
        tags.setdefault(img_id, []).extend(found)
        lines.setdefault(img_id, line)
        written[img_id] = name
    if again:
        remarks.append(f'{again} rows name an image again: the tags of all its rows count')
    table, nothing = without_nothing(tags, classes)
    remarks += [*more, *nothing, *remarks_on_names(n for found in table.values() for n in found)]
    return TagTable(table, lines, tuple(remarks))


def other_tables(path: str | Path) -> str:
    """Name the tables beside a missing file of tags, and what to do; '' if there are none."""
    folder = Path(path).parent
    there = folder.iterdir() if folder.is_dir() else ()
    found = sorted(f.name for f in there if f.suffix.lower() in _TABLES)
    if not found:
        return ''
    return (
        f'. Beside where it is expected: {shown(found)}. If the tags are in there, save them as '
        f'{Path(path).name} (CSV UTF-8, a line is photo.jpg,cat;dog)'
    )


def _text(path: str | Path) -> str:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f'{path}: no such file of tags{other_tables(path)}') from None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode('utf-16' if wide else 'utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: no UTF-8 CSV file ({error}). Save it as "CSV UTF-8"') from error


class _Layout(NamedTuple):
    """Layout of a table: delimiter of cells, column of images, rows with their line numbers."""

    delimiter: str
    column: int
    rows: list[tuple[int, list[str]]]


def _rows(
    text: str,
    path: str | Path,
    images: Collection[str] | None,
    classes: Collection[str] | None,
    separator: str | None,
    remarks: list[str],
) -> list[Row]:
    layout = _layout(text, path, images)
    column, rows = layout.column, layout.rows
    header = _header(layout, images, remarks)
    data = rows[1:] if header is not None else rows
    for line, cells in data:
        if len(cells) <= column or not cells[column]:
            raise DataError(
                f'{path}: line {line} has {len(cells)} cells ({cells!r}), and no image where one '
                'is expected: photo.jpg,cat;dog'
            )
    width = max((len(cells) for _, cells in data), default=0)
    if header is not None and width > len(header) and layout.delimiter != ';':
        _refuse_width(path, data, len(header))
    columns = _tag_columns(path, header, data, column, layout.delimiter)
    if isinstance(columns, dict):
        return _one_hot(path, data, column, columns)
    filled = [[c[k] for k in columns if k < len(c) and c[k]] for _, c in data]
    lists = split_tags(path, filled, classes, separator, remarks)
    return [(c[column], tags, line) for (line, c), tags in zip(data, lists, strict=True)]


def _layout(text: str, path: str | Path, images: Collection[str] | None) -> _Layout:
    found: list[tuple[int, _Layout]] = []
    trouble = None
    for delimiter in ',;\t|':
        try:
            reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
        except csv.Error as error:
            trouble = trouble or error
            continue
        rows = [(line, _shortened(cells)) for line, cells in rows if any(cells)]
        rows = [row for row in rows if not _comment(row[1], images)]
        counts = Counter(
            k for _, cells in rows for k, cell in enumerate(cells) if _is_image(cell, images)
        )
        column = max(counts, key=lambda k: (counts[k], -k), default=0)
        found.append((counts[column], _Layout(delimiter, column, rows)))
    if trouble is not None and not any(n for n, _ in found):
        raise DataError(
            f'{path}: no UTF-8 CSV file ({trouble}). Save it as "CSV UTF-8"'
        ) from trouble
    best = max(count for count, _ in found)
    layout = next(layout for count, layout in found if count == best)
    if not best:  # images without suffix that are not known: the first column
        layout = found[0][1]._replace(column=0)
    return layout


def _header(
    layout: _Layout, images: Collection[str] | None, remarks: list[str]
) -> list[str] | None:
    if not layout.rows:
        return None
    line, first = layout.rows[0]
    column = layout.column
    cell = first[column] if column < len(first) else ''
    if _is_image(cell, images):
        return None
    usual = cell.lower() in (*IMAGE_WORDS, 'id', 'images', 'files') or cell == ''
    others = [cells for _, cells in layout.rows[1:]]
    if cell == '' and not others:
        return None
    if not usual:
        if not any(_is_image(c[column], images) for c in others if column < len(c)):
            return None
        tags = {tag for c in others for tag in c[column + 1 :]}
        if len(first) > 1 and set(first[column + 1 :]) <= tags:
            return None  # an image that is not there, with tags as others have them
        remarks.append(f'line {line} is read as the header: {", ".join(first)}')
    return first


def _tag_columns(
    path: str | Path,
    header: list[str] | None,
    data: Sequence[tuple[int, list[str]]],
    column: int,
    delimiter: str,
) -> list[int] | dict[int, str]:
    """Columns with tags, or the class of each column of a table with 0 and 1."""
    width = max([len(cells) for _, cells in data] + [len(header or ())], default=0)
    others = [k for k in range(width) if k != column]
    values = {k: {c[k].lower() if k < len(c) else '' for _, c in data} for k in others}
    if header is None:
        if delimiter != ';':
            _refuse_width(path, data, 2)
        return others
    names = [*header, *[''] * (width - len(header))]
    lowered = [name.lower() for name in names]
    if delimiter == ';' and width > len(header):
        return others
    named = [k for k in others if lowered[k] in TAG_WORDS]
    numbered = [k for k in others if _NUMBERED.fullmatch(lowered[k])]
    if named:
        return [min(named, key=lambda k: TAG_WORDS.index(lowered[k]))]
    if numbered:
        return numbered
    plain = [
        k
        for k in others
        if not (lowered[k] in ('', 'index', 'id') or lowered[k].startswith('unnamed'))
    ]
    if plain and all(values[k] <= {*_YES, *_NO} and values[k] - {''} for k in plain):
        return {k: names[k] for k in plain}
    if len(plain) > 1:
        raise DataError(
            f'{path}: its columns are {", ".join(names)}: none is called {"/".join(TAG_WORDS[:4])} '
            'and they are no table of 0 and 1 with a column a class. Name the column of the tags so'
        )
    return plain or others


def _one_hot(
    path: str | Path, data: Sequence[tuple[int, list[str]]], column: int, classes: Mapping[int, str]
) -> list[Row]:
    every = {c[k] for _, c in data for k in classes if k < len(c)}
    if every & {'-1', '-1.0'} and every & {'0', '0.0'} and every & {'1', '1.0'}:
        raise DataError(
            f'{path}: its columns hold -1, 0 and 1: is 0 or -1 "not there"? Write 0 and 1 only'
        )
    return [
        (c[column], [n for k, n in classes.items() if k < len(c) and c[k].lower() in _YES], line)
        for line, c in data
    ]


def _is_image(cell: str, images: Collection[str] | None) -> bool:
    name = composed(cell.replace('\\', '/'))
    stem = strip_suffix(name)
    return bool(stem != name or (images and stem in images))


def _comment(cells: Sequence[str], images: Collection[str] | None) -> bool:
    return cells[0].startswith('#') and not any(_is_image(cell, images) for cell in cells)


def _shortened(cells: list[str]) -> list[str]:
    while len(cells) > 2 and not cells[-1]:
        cells = cells[:-1]
    return cells


def _refuse_width(path: str | Path, data: Sequence[tuple[int, list[str]]], most: int) -> None:
    for line, cells in data:
        if len(cells) > most:
            raise DataError(
                f'{path}: line {line} has {len(cells)} cells ({cells!r}); an image and its tags '
                'are expected: photo.jpg,cat;dog'
            )
