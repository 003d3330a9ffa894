"""Look at stores in a browser: one HTML file of photos, scores, masks and ground truth.

python tools/analysis_tools/make_report.py configs/cam/cam_r18_shapes.py seeds.html \
    --scores work_dirs/demo_recipe/seeds_train/scores
"""

import argparse
import sys
from pathlib import Path

from mmwsss.config import read_config
from mmwsss.config.key_value import KeyValue
from mmwsss.config.option_pairs import refuse_unread
from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.datasets.errors import DataError
from mmwsss.stores import StoreError
from mmwsss.visualization.report import CHOICES, make_report


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose test_dataloader names the photos')
    parser.add_argument('out', type=Path, help='the HTML file to write')
    parser.add_argument('--scores', help='score store')
    parser.add_argument('--masks', help='mask store of pseudo masks')
    parser.add_argument('--predictions', help="mask store of a segmentor's predictions")
    parser.add_argument(
        '--checkpoint', help='checkpoint of the network; the page then says how to use it'
    )
    parser.add_argument(
        '--background', type=float, help='score at which seeds become masks (default: 0.3)'
    )
    parser.add_argument('--limit', type=int, default=60, help='number of photos (default: 60)')
    parser.add_argument(
        '--choose', choices=CHOICES, default='even', help='which photos (default: even)'
    )
    parser.add_argument('--title', help='heading (default: name of the config)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValue,
        default={},
        metavar='KEY=VALUE',
        help='e.g. test_dataloader.dataset.split=val',
    )
    args = parser.parse_args()
    if args.scores is None:
        refuse_unread(parser, args, '--background', why='without --scores')
    return args


def main() -> None:
    """Write the report."""
    args = parse_args()
    try:
        cfg = read_config(args.config)
        cfg.merge_from_dict(args.cfg_options)
        path = make_report(
            args.out,
            dataset=build_bare_dataset(cfg.test_dataloader.dataset),
            scores=args.scores,
            masks=args.masks,
            predictions=args.predictions,
            checkpoint=args.checkpoint,
            background=args.background,
            limit=args.limit,
            choose=args.choose,
            title=args.title or Path(args.config).stem,
        )
    except (DataError, StoreError, ValueError) as error:
        sys.exit(f'error: {error}')
    print(path)


if __name__ == '__main__':
    main()
