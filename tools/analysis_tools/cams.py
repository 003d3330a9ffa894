"""Draw the class activation maps of one photo, at each scale and for its mirror image.

SOURCE is the work directory of a recipe (its first CAM network is taken), the folder of one
training, or a config together with --checkpoint. OUT is a picture with a row for each tag. Its
columns are the photo, the map made from all views, and the maps of each scale and mirror image
alone. The scores of the tags are printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmwsss.engine.cli import readable_errors
from mmwsss.installed import find_config
from mmwsss.recipes.errors import RecipeError

_EXAMPLES = """examples:
  mmwsss cams work_dirs/cam_folder_recipe photo.jpg cams.png
  mmwsss cams config.py --checkpoint epoch_20.pth photo.jpg cams.png --tags cat dog"""


def main(argv: Sequence[str] | None = None) -> int:
    """Draw and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', help="a recipe's work directory, a training's folder, a config")
    parser.add_argument('photo', type=Path)
    parser.add_argument('out', type=Path, help='picture to write, e.g. cams.png')
    parser.add_argument('--checkpoint', help='weights, where SOURCE is a config')
    parser.add_argument('--stage', help='stage of the recipe (default: the first one trained)')
    parser.add_argument('--tags', nargs='+', help='classes to look at (default: predicted ones)')
    parser.add_argument('--side', type=int, default=200, help='pixels of a map (200)')
    parser.add_argument('--device', help='e.g. cpu, cuda:1 (default: a GPU if there is one)')
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='unpickle checkpoints fully, which may run code in them: only for files you trust',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    args = parser.parse_args(argv)
    if args.side < 16:
        parser.error(f'--side is at least 16 pixels, found {args.side}')
    try:
        with readable_errors(args.debug):
            _draw(args)
    except (RecipeError, ValueError, FileNotFoundError) as error:
        if args.debug:
            raise
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def _draw(args: argparse.Namespace) -> None:
    from PIL import Image

    from mmwsss.apis.inferencer import WSSSInferencer
    from mmwsss.apis.viewing import cam_views
    from mmwsss.engine.checkpoint_io import trust_checkpoints
    from mmwsss.recipes.trained import trained_network
    from mmwsss.stores.atomic import atomic_write
    from mmwsss.visualization.cam_grid import cam_grid

    trust_checkpoints(args.trust_checkpoint)
    if Path(args.source).is_dir():
        if args.checkpoint:
            raise RecipeError('--checkpoint goes with a config; a folder has its own')
        network = trained_network(args.source, args.stage, first=True)
        inferencer = WSSSInferencer(network.config, network.checkpoint, args.device)
    else:
        if args.stage:
            raise RecipeError("--stage goes with a recipe's work directory")
        inferencer = WSSSInferencer(find_config(args.source), args.checkpoint, args.device)
    found = cam_views(inferencer, args.photo, args.tags)
    views = [('all views', found.fused), *((str(view), view) for view in found.views)]
    table = Table('view', *found.tags, box=None)
    for heading, view in views:
        table.add_row(heading, *(f'{view.tag_scores[tag]:.3f}' for tag in found.tags))
    notes = [[f'{view.tag_scores[tag]:.3f}' for _, view in views] for tag in found.tags]
    picture = cam_grid(
        found.fused.image,
        [(heading, view.seeds) for heading, view in views],
        found.tags,
        notes,
        side=args.side,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    suffix = args.out.suffix or '.png'
    with atomic_write(args.out.with_suffix(suffix), sync_folder=False) as path:
        Image.fromarray(picture).save(path, Image.registered_extensions()[suffix.lower()])
    console = Console(highlight=False)
    kind = 'given' if found.given else 'predicted'
    console.print(f'scores of the {kind} tags, [0, 1]:', markup=False)
    console.print(table)
    console.print(f'{args.out.with_suffix(suffix)}: {picture.shape[1]} x {picture.shape[0]}')


if __name__ == '__main__':
    sys.exit(main())
