"""Paint what a store holds: class activation maps, masks, proposals by level, boxes.

    python tools/analysis_tools/paint_store.py work_dirs/demo_recipe/seeds_train/scores pictures \
        --images data/shapes/JPEGImages

Pictures are OUT/cam/ID.png, OUT/mask/ID.png, OUT/overlay/ID.png, OUT/level0/ID.png, ...
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

from mmwsss.datasets import COCOTaggedDataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder, read_ids, shown
from mmwsss.stores import StoreError, open_store
from mmwsss.visualization.painting import paint_store


def main(argv: Sequence[str] | None = None) -> None:
    """Paint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('store', type=Path, help='folder of scores, masks, proposals or prompts')
    parser.add_argument('out', type=Path, help='folder of the pictures')
    parser.add_argument('--images', type=Path, help='the photos, to paint over them')
    parser.add_argument('--list', type=Path, help='ids of the images to paint; default: all')
    parser.add_argument('--limit', type=int, help='paint the first N')
    parser.add_argument(
        '--background', type=float, default=0.3, help='score at which scores become a mask (0.3)'
    )
    parser.add_argument('--each-class', action='store_true', help='a map of each class, too')
    args = parser.parse_args(argv)
    if args.limit is not None and args.limit < 1:
        parser.error(f'--limit is at least 1, found {args.limit}')
    try:
        store = open_store(args.store)
        photos = _photos(args.images) if args.images else None
        ids = (read_ids(args.list) if args.list else list(store))[: args.limit]
        if photos is not None and (missing := [id for id in ids if id not in photos]):
            raise DataError(f'{args.images}: no photo of {len(missing)} images: {shown(missing)}')
        paint_store(
            store,
            args.out,
            photos=photos,
            ids=ids,
            background=args.background,
            each_class=args.each_class,
            track=lambda ids: track(ids, 'painting'),
        )
    except (DataError, StoreError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    pictures = sorted(path.name for path in args.out.iterdir() if path.is_dir())
    print(f'{args.out}: {len(ids)} images: {", ".join(pictures)}')


def _photos(folder: Path) -> dict[str, str]:
    """Photos by the ids that data sets give them; COCO's go without their prefix, too."""
    files = {id: str(folder / name) for id, name in list_folder(folder, IMAGE_SUFFIXES).items()}
    return {**{COCOTaggedDataset.id_of_stem(id): path for id, path in files.items()}, **files}


if __name__ == '__main__':
    main()
