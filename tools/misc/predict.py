"""Segment photos with a trained network.

SOURCE is the work directory of a recipe (its segmentor is taken), the folder of one training, or
a config together with --checkpoint. PHOTOS are files, folders and patterns. OUT gets masks/ and
predictions.csv. If it is stopped, the same command continues.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mmwsss.engine.cli import readable_errors
from mmwsss.installed import find_config
from mmwsss.recipes.errors import RecipeError

_EXAMPLES = """examples:
  mmwsss predict work_dirs/cam_folder_recipe new_photos out --overlay
  mmwsss predict work_dirs/cam_folder_recipe --stage cam new_photos out --tags tags.csv --scores
  mmwsss predict config.py --checkpoint epoch_20.pth a.jpg 'holiday/*.jpg' out"""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', help="a recipe's work directory, a training's folder, a config")
    parser.add_argument('photos', nargs='+', help='photos, folders, patterns in quotes')
    parser.add_argument('out', type=Path, help='folder for the results')
    parser.add_argument('--checkpoint', help='weights, where SOURCE is a config')
    parser.add_argument('--stage', help='stage of the recipe (default: the last that was trained)')
    parser.add_argument(
        '--tags', help='tags.csv of the photos, for CAM networks (default: tags are predicted)'
    )
    parser.add_argument('--overlay', action='store_true', help='paint masks over the photos, too')
    parser.add_argument('--scores', action='store_true', help='keep the scores of a CAM network')
    parser.add_argument(
        '--background', type=float, default=0.3, help='background score of CAM networks (0.3)'
    )
    parser.add_argument('--batch-size', type=int, default=4, help='photos at a time (4)')
    parser.add_argument('--device', help='e.g. cpu, cuda:1 (default: a GPU if there is one)')
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='start anew if OUT holds results of another network',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='unpickle checkpoints fully, which may run code in them: only for files you trust',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Segment photos."""
    args = parse_args(argv)
    console = Console(highlight=False, soft_wrap=True)
    try:
        with readable_errors(args.debug):
            from mmwsss.apis.inferencer import WSSSInferencer
            from mmwsss.apis.predicting import predict
            from mmwsss.engine.checkpoint_io import trust_checkpoints

            trust_checkpoints(args.trust_checkpoint)
            if Path(args.source).is_dir():
                if args.checkpoint:
                    raise RecipeError('--checkpoint goes with a config; a folder has its own')
                inferencer = WSSSInferencer.from_recipe(args.source, args.stage, args.device)
            else:
                if args.stage:
                    raise RecipeError("--stage goes with a recipe's work directory")
                config = find_config(args.source)
                inferencer = WSSSInferencer(config, args.checkpoint, args.device)
            console.print(f'network: {inferencer.checkpoint}', markup=False)
            done = predict(
                inferencer,
                args.photos,
                args.out,
                tags=args.tags,
                overlay=args.overlay,
                scores=args.scores,
                background=args.background,
                batch_size=args.batch_size,
                amp=args.amp,
                overwrite=args.overwrite,
                console=console,
            )
    except (RecipeError, ValueError, FileNotFoundError) as error:
        if args.debug:
            raise
        print(f'error: {error}', file=sys.stderr)
        return 1
    kept = f', {done.kept} were done before' if done.kept else ''
    console.print(f'{done.made} photos segmented{kept}: {done.out}/masks', markup=False)
    if done.left_out:
        console.print(
            f'{len(done.left_out)} photos were left out, see {done.out}/left_out.txt', markup=False
        )
    return 1 if done.left_out else 0


if __name__ == '__main__':
    sys.exit(main())
