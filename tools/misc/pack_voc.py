"""Pack predictions of VOC's test photos for the evaluation server (host.robots.ox.ac.uk).

    python tools/misc/pack_voc.py work_dirs/predict_test/masks results.tar.gz \
        --images data/VOCdevkit/VOC2012/JPEGImages

Before packing, every mask of the list is checked: that it exists, its values, palette and size.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import read_ids
from mmwsss.datasets.voc import LISTS
from mmwsss.evaluation.voc_archive import COMPETITIONS, pack_voc
from mmwsss.stores import StoreError


def main(argv: Sequence[str] | None = None) -> None:
    """Write the archive."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('masks', type=Path, help='mask store, or a folder of PNGs of class numbers')
    parser.add_argument('out', type=Path, help='the archive, *.tar.gz')
    parser.add_argument('--images', type=Path, help='the photos, whose sizes are compared')
    parser.add_argument('--list', type=Path, help="image ids; default: VOC's 1456 test images")
    parser.add_argument(
        '--competition',
        choices=COMPETITIONS,
        default='comp6',
        help='comp6: trained on other data too, e.g. pretrained weights; comp5: on VOC alone',
    )
    args = parser.parse_args(argv)
    try:
        ids = read_ids(args.list or LISTS / 'test.txt')
        left_out = pack_voc(
            args.masks, args.out, ids, images=args.images, competition=args.competition
        )
    except (DataError, StoreError) as error:
        raise SystemExit(f'error: {error}') from None
    notes = [] if args.images else ['sizes were not compared: give --images']
    if left_out:
        notes.append(f'{left_out} masks are not in the list and were left out')
    print(f'{args.out}: {len(ids)} masks' + ''.join(f'; {note}' for note in notes))


if __name__ == '__main__':
    main()
