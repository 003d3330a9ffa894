"""Import masks of a labelling tool into a store; changed ones are marked as corrected by hand.

    mmwsss import-masks label-studio corrected.json work_dirs/demo_recipe/masks_train/masks
    mmwsss import-masks cvat corrected work_dirs/mine --classes classes.txt

A recipe that is run again keeps corrected masks and trains the later stages on them. If the store
does not exist, ``--classes`` makes a new one from all masks. To mark PNGs that were edited inside a
store, give the store as its own source:

    mmwsss import-masks png STORE STORE --ids a holiday/b
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmwsss.config.option_pairs import refuse_unread
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import read_class_names, read_ids
from mmwsss.exchange import EXCHANGE_FORMATS, import_corrections, import_new_store
from mmwsss.stores import StoreError, open_store


def main(argv: Sequence[str] | None = None) -> int:
    """Import; 1 where a mask was left out."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    formats = '; '.join(f'{name}: {fmt.text}' for name, fmt in EXCHANGE_FORMATS.items())
    parser.add_argument('format', choices=EXCHANGE_FORMATS, help=formats)
    parser.add_argument('source', type=Path, help='folder or file of the tool')
    parser.add_argument('store', type=Path, help='the mask store that is corrected, or a new one')
    parser.add_argument('--ids', nargs='+', help='images to import, or one file that lists them')
    parser.add_argument(
        '--accept-empty',
        action='store_true',
        help='take masks in which nothing is drawn as corrections, too',
    )
    parser.add_argument('--classes', type=Path, help='new store: foreground names, one a line')
    parser.add_argument('--images', type=Path, help='new store: photos whose sizes are compared')
    args = parser.parse_args(argv)
    fmt = EXCHANGE_FORMATS[args.format]
    new = args.classes is not None
    if args.images is not None and not new:
        parser.error('--images is for a new store (--classes); a store knows its sizes')
    if new:
        why = 'beside --classes: a new store takes all masks'
        refuse_unread(parser, args, '--accept-empty', why=why)
    try:
        if not args.source.exists():
            raise StoreError(f'{args.source}: no such file or folder')
        ids = args.ids
        if ids is not None and len(ids) == 1 and Path(ids[0]).is_file():
            ids = read_ids(ids[0], whole_lines=True)
        if new:
            names = read_class_names(args.classes)
            store, done = import_new_store(
                args.source, fmt, args.format, args.store, names, ids=ids, images=args.images
            )
        else:
            store = open_store(args.store, 'masks')
            done = import_corrections(
                args.source, fmt, args.format, store, ids=ids, accept_empty=args.accept_empty
            )
    except (DataError, OSError, StoreError) as error:
        raise SystemExit(str(error)) from None
    if new:
        print(f'{args.store}: {len(done.changed)} masks of {len(names)} classes')
    else:
        print(
            f'{args.store}: {len(done.changed)} masks corrected, {len(done.same)} unchanged; '
            f'{len(store.corrections.read())} are corrected by now'
        )
        if done.changed:
            print('Run the recipe again: it keeps them and trains the later stages on them')
    for problem in done.problems:
        print(f'left out {problem.id}: {problem.reason}', file=sys.stderr)
    return 1 if done.problems else 0


if __name__ == '__main__':
    sys.exit(main())
