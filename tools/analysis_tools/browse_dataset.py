"""Look at what a network is given: photos after augmentation, with tags and label maps.

    python tools/analysis_tools/browse_dataset.py configs/cam/cam_r18_shapes.py pictures --repeat 3

Stores that the pipeline reads have to be there, as for a training.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.registry import init_default_scope

from mmwsss.config.key_value import KeyValue
from mmwsss.engine.cli import readable_errors
from mmwsss.engine.launch import load_config
from mmwsss.registry import DATASETS
from mmwsss.visualization.browsing import browse_dataset


def main(argv: Sequence[str] | None = None) -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of a stage')
    parser.add_argument('out', type=Path, help='folder of the pictures')
    parser.add_argument(
        '--phase', choices=('train', 'val', 'test'), default='train', help='default: train'
    )
    parser.add_argument('--limit', type=int, default=20, help='number of photos (20)')
    parser.add_argument('--repeat', type=int, default=1, help='draws of each photo (1)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the augmentation (0)')
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE')
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    args = parser.parse_args(argv)
    if args.limit < 1 or args.repeat < 1:
        parser.error('--limit and --repeat are at least 1')
    with readable_errors(args.debug):
        cfg = load_config(args.config, work_dir=str(args.out), cfg_options=args.cfg_options)
        loader = cfg.get(f'{args.phase}_dataloader')
        if loader is None:
            parser.error(f'{args.config} has no {args.phase}_dataloader: see --phase')
        init_default_scope(cfg.get('default_scope', 'mmwsss'))
        dataset = DATASETS.build(loader.dataset)
        written = browse_dataset(
            dataset,
            args.out,
            limit=args.limit,
            repeat=args.repeat,
            seed=args.seed,
            bgr='LoadImageFromFile' in str(loader.dataset),
        )
    print(f'{args.out}: {written} pictures, their sizes and tags in samples.txt')


if __name__ == '__main__':
    main()
