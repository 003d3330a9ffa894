"""Export masks of a store to a labelling tool, for correction by hand.

    mmwsss export label-studio work_dirs/demo_recipe/masks_train/masks to_correct --images photos
    mmwsss export cvat work_dirs/demo_recipe/masks_train/masks to_correct --ids a holiday/b

Pixels without a label (255) become a class named ``__ignore__``, except in voc and png, which keep
255. ``mmwsss import-masks`` brings the masks back.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import read_ids
from mmwsss.exchange import EXCHANGE_FORMATS, VocFormat, export_masks
from mmwsss.stores import StoreError, open_store


def main(argv: Sequence[str] | None = None) -> int:
    """Export; 1 where a mask was left out."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    formats = '; '.join(f'{name}: {fmt.text}' for name, fmt in EXCHANGE_FORMATS.items())
    parser.add_argument('format', choices=EXCHANGE_FORMATS, help=formats)
    parser.add_argument('store', type=Path, help='a mask store')
    parser.add_argument('out', type=Path, help='a new folder')
    parser.add_argument('--images', type=Path, help='the photos, to which the files then refer')
    parser.add_argument('--ids', nargs='+', help='images to export, or one file that lists them')
    parser.add_argument('--copy', action='store_true', help='voc: copy photos instead of linking')
    args = parser.parse_args(argv)
    fmt = EXCHANGE_FORMATS[args.format]
    if args.copy:
        if args.format != 'voc' or args.images is None:
            parser.error('--copy is for voc with --images')
        fmt = VocFormat(copy=True)
    try:
        store = open_store(args.store, 'masks')
        ids = wanted_ids(args.ids)
        count, problems = export_masks(store, fmt, args.out, ids=ids, images=args.images)
    except (DataError, OSError, StoreError) as error:
        raise SystemExit(str(error)) from None
    print(f'{args.out}: {count} masks ({fmt.text})')
    command = shlex.join(['mmwsss', 'import-masks', args.format, str(args.out), str(args.store)])
    print(f'Bring them back: {command}')
    for problem in problems:
        print(f'left out {problem.id}: {problem.reason}', file=sys.stderr)
    return 1 if problems else 0


def wanted_ids(given: Sequence[str] | None) -> list[str] | None:
    """Ids of ``--ids``: names, or those that one file lists, one a line."""
    if given is not None and len(given) == 1 and Path(given[0]).is_file():
        return read_ids(given[0], whole_lines=True)
    return None if given is None else list(given)


if __name__ == '__main__':
    sys.exit(main())
