"""Print docs/leaderboard.md: published numbers, and what each of them rests on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / 'docs/leaderboard.yml'
#: Facts without which a number means nothing.
PROTOCOL = ('learns_from', 'tags_at_test', 'scales', 'flip', 'crf', 'images', 'source')
_KEYS = {'method', 'config', 'data', 'miou', 'single_scale', *PROTOCOL}
_HEAD = """\
# Leaderboard

Published mIoUs, and what each rests on: none was made here. Numbers of different protocols do not
compare: ground-truth tags at test time, more scales, a CRF, masks behind the tags, or a foundation
model that has seen more, each is worth points. Facts stand in `leaderboard.yml`, from which
`tools/misc/leaderboard.py` prints this page. "Not stated" means that the source does not say. What
was measured here is in the methods' READMEs and metafiles.
"""


def check(row: Mapping[str, Any]) -> None:
    """Refuse a row without its protocol.

    Raises:
        ValueError: A key is missing, unknown or empty.
    """
    name = f'{row.get("method")} on {row.get("data")}'
    if set(row) != _KEYS:
        raise ValueError(
            f'{name}: missing are {sorted(_KEYS - set(row))}, unknown {sorted(set(row) - _KEYS)}'
        )
    empty = [key for key in PROTOCOL if row[key] is None or row[key] == '']
    if empty:
        raise ValueError(f'{name}: {", ".join(empty)}: say what it rests on, or "not stated"')
    if not 0 < row['miou'] <= 100:
        raise ValueError(f'{name}: an mIoU in percent is expected, found {row["miou"]}')
    if row['config'] is not None and not (ROOT / row['config']).is_dir():
        raise ValueError(f'{name}: there is no folder {row["config"]}')


def page(rows: list[dict[str, Any]]) -> str:
    """The page: one table a data set, tag-free tests apart from those that know the tags."""
    lines = [_HEAD]
    for data in dict.fromkeys(row['data'] for row in rows):
        lines += [
            f'## {data}',
            '',
            '| method | mIoU | one scale, no CRF | learns from | tags at test | scales | flip '
            '| CRF | images | source | here |',
            '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
        ]
        own = [row for row in rows if row['data'] == data]
        for row in sorted(own, key=lambda r: (str(r['tags_at_test']) != 'False', -r['miou'])):
            cells = [
                row['method'],
                row['miou'],
                '-' if row['single_scale'] is None else row['single_scale'],
                *(_word(row[key]) for key in PROTOCOL),
                f'`{row["config"]}`' if row['config'] else '-',
            ]
            lines.append(f'| {" | ".join(map(str, cells))} |')
        lines.append('')
    return '\n'.join(lines)


def _word(value: Any) -> Any:
    return {True: 'yes', False: 'no'}[value] if isinstance(value, bool) else value


def main() -> None:
    """Print the page."""
    rows = yaml.safe_load(FACTS.read_text(encoding='utf-8'))
    for row in rows:
        check(row)
    print(page(rows), end='')


if __name__ == '__main__':
    main()
