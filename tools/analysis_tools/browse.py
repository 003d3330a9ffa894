"""Look through one or two stores in a browser: photos, scores, masks and a threshold slider.

python tools/analysis_tools/browse.py work_dirs/demo_recipe/seeds_train/scores \
    --images my_photos seeds.html
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.stores import StoreError
from mmwsss.visualization.browse import browse_stores
from mmwsss.visualization.page import CHOICES


def main(argv: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage='%(prog)s STORE [STORE2] --images FOLDER [--masks FOLDER] OUT.html',
    )
    parser.add_argument(
        'paths',
        nargs='+',
        metavar='STORE [STORE2] OUT.html',
        help='one or two stores of scores or masks, and the page to write',
    )
    parser.add_argument('--images', required=True, help='folder of the photos')
    parser.add_argument('--masks', help='folder of ground truth, PNGs named as the photos are')
    parser.add_argument(
        '--background', type=float, default=0.3, help='where the slider starts (default: 0.3)'
    )
    parser.add_argument('--limit', type=int, default=100, help='number of photos (default: 100)')
    parser.add_argument(
        '--choose', choices=CHOICES, default='even', help='which photos (default: even)'
    )
    parser.add_argument('--title', help='heading (default: names of the stores)')
    args = parser.parse_intermixed_args(argv)
    *stores, out = args.paths
    if not 1 <= len(stores) <= 2 or not out.endswith(('.html', '.htm')):
        parser.error('give one or two stores, and last the page to write, named .html')
    try:
        path = browse_stores(
            out,
            stores,
            args.images,
            masks=args.masks,
            background=args.background,
            limit=args.limit,
            choose=args.choose,
            title=args.title,
        )
    except (DataError, StoreError, ValueError) as error:
        sys.exit(f'error: {error}')
    print(f'{path} ({Path(path).stat().st_size / 2**20:.1f} MiB)')


if __name__ == '__main__':
    main()
