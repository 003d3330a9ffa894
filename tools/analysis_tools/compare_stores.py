"""Compare two stores: which is better by image and by class, and which classes they confuse.

python tools/analysis_tools/compare_stores.py work_dirs/par/masks work_dirs/cam/masks \
    --config configs/cam/cam_r18_shapes.py --out work_dirs/par_against_cam
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmwsss.apis.comparing import Comparison, compare_stores
from mmwsss.config import read_config
from mmwsss.config.key_value import KeyValue
from mmwsss.config.option_pairs import refuse_unread
from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.engine.cli import readable_errors


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """Rows as a table; fractions with two digits."""
    made = Table(*rows[0])
    for row in rows:
        cells = (f'{x:.2f}' if isinstance(x, float) else str(x) for x in row.values())
        made.add_row(*map(Text, cells))
    return made


def show(found: Comparison, console: Console, count: int) -> None:
    """Print the summary."""
    console.print(
        f'{len(found.images)} images in both, {found.only[0]} only in A, {found.only[1]} only in B'
    )
    if found.miou is not None:
        a, b = found.miou
        console.print(f'mIoU A {a:.2f}, B {b:.2f}, gain {a - b:+.2f}')
        console.print(table(found.by_class))
        rated = [row for row in found.images if row['gain'] == row['gain']]
        for title, rows in (('A', rated[:count]), ('B', rated[::-1][:count])):
            sign = 1 if title == 'A' else -1
            if rows := [row for row in rows if sign * row['gain'] > 0]:
                console.print(f'images where {title} is better', table(rows))
    if rows := found.confused(count):
        console.print('labels that they disagree on', table(rows))


def main(argv: Sequence[str] | None = None) -> None:
    """Compare two stores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('first', type=Path, help='store A, scores or masks')
    parser.add_argument('second', type=Path, help='store B')
    parser.add_argument('--config', help='config whose test_dataloader names photos and masks')
    parser.add_argument('--background-a', type=float, help='background score of the scores of A')
    parser.add_argument('--background-b', type=float, help='background score of the scores of B')
    parser.add_argument('--out', type=Path, help='folder for CSV files and the confusion plot')
    parser.add_argument('--show', type=int, default=10, help='rows of a table (default: 10)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE'
    )
    args = parser.parse_args(argv)
    if args.config is None:
        refuse_unread(parser, args, '--cfg-options', why='without --config')
    dataset = None
    with readable_errors():
        if args.config is not None:
            cfg = read_config(args.config)
            cfg.merge_from_dict(args.cfg_options)
            dataset = build_bare_dataset(cfg.test_dataloader.dataset)
        found = compare_stores(
            args.first,
            args.second,
            dataset=dataset,
            background_first=args.background_a,
            background_second=args.background_b,
        )
    show(found, Console(highlight=False, width=110), args.show)
    if args.out is not None:
        found.write(args.out)
        print(f'tables and the confusion: {args.out}')


if __name__ == '__main__':
    sys.exit(main())
