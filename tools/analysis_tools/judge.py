"""Judge seeds or masks, our own or another repository's, with curves, tables and plots.

python tools/analysis_tools/judge.py configs/cam/cam_r50_voc.py path/to/seeds work_dirs/judged \
    --format irn
python tools/analysis_tools/judge.py configs/cam/cam_r18_shapes.py work_dirs/cam/scores \
    work_dirs/judged
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmwsss.apis.judging import judge
from mmwsss.config import read_config
from mmwsss.config.key_value import KeyValue
from mmwsss.config.option_pairs import refuse_unread
from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.datasets.foreign_options import add_read_options, background_score, read_options
from mmwsss.engine.cli import readable_errors
from mmwsss.stores.foreign import FORMATS, MASK_FORMATS


def main(argv: Sequence[str] | None = None) -> None:
    """Judge."""
    every = {**FORMATS, **MASK_FORMATS}
    formats = '; '.join(f'{name}: {fmt.text}' for name, fmt in every.items())
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose test_dataloader names photos and masks')
    parser.add_argument('source', type=Path, help='a store or, with --format, a folder of seeds')
    parser.add_argument('out', type=Path, help='folder for metrics, curves, tables and plots')
    parser.add_argument('--format', choices=every, help=formats)
    parser.add_argument(
        '--proposals', type=Path, help='store of proposals: also score SAM-based seeding with them'
    )
    parser.add_argument(
        '--powers',
        type=float,
        nargs='+',
        default=(0.3, 0.4, 0.5),
        help="powers of the seeding's background to try (default: 0.3 0.4 0.5)",
    )
    parser.add_argument(
        '--absent', choices=('nan', 'zero', 'present'), default='nan', help='see docs/protocol.md'
    )
    parser.add_argument(
        '--stride', type=int, default=1, help='stride of imported maps (default: 1)'
    )
    parser.add_argument('--dtype', choices=('float32', 'float16'), default='float32')
    add_read_options(parser, score_too=True)
    parser.add_argument('--overwrite', action='store_true', help='import again')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValue,
        default={},
        metavar='KEY=VALUE',
        help='e.g. test_dataloader.dataset.split=val',
    )
    args = parser.parse_args(argv)
    if args.format is None:
        foreign = ('--key', '--offset', '--normalise', '--nan-to-zero', '--ignore-tags')
        ours = ('--stride', '--dtype', '--overwrite')
        why = 'without --format: a store is scored as it is'
        refuse_unread(parser, args, *foreign, *ours, why=why)
        if words := [value for value in args.background if isinstance(value, str)]:
            parser.error(f'nothing would read --background {words[0]} {why}')
    if args.proposals is None:
        refuse_unread(parser, args, '--powers', why='without --proposals')
    try:
        with readable_errors():
            cfg = read_config(args.config)
            cfg.merge_from_dict(args.cfg_options)
            judge(
                args.source,
                build_bare_dataset(cfg.test_dataloader.dataset),
                args.out,
                fmt=args.format,
                eval_ann_file=cfg.get('test_cfg', {}).get('eval_ann_file'),
                background=background_score(args),
                proposals=args.proposals,
                powers=args.powers,
                absent=args.absent,
                stride=args.stride,
                dtype=args.dtype,
                options=read_options(args),
                check_tags=not args.ignore_tags,
                overwrite=args.overwrite,
            )
    except ValueError as error:  # of a metric, which names the image
        sys.exit(f'error: {error}')
    print(f'metrics, curves, tables and plots: {args.out}')


if __name__ == '__main__':
    sys.exit(main())
