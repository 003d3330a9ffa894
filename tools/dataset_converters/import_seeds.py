"""Import another repository's seeds, label maps or proposals (one file per image) into a store.

    python tools/dataset_converters/import_seeds.py seeds irn work_dirs/irn --dataset voc
    python tools/dataset_converters/import_seeds.py pseudo png work_dirs/pseudo --dataset voc \
        --images data/VOCdevkit/VOC2012/JPEGImages

Where tags of the photos are known (VOC's, COCO's, or those of ``--tags``), class numbers are
checked against them. With ``--images`` the sizes of maps and photos are compared, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mmwsss.config.option_pairs import refuse_unread
from mmwsss.datasets import COCOTaggedDataset, MSRCDataset, VOCTaggedDataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.foreign_options import add_read_options, read_options
from mmwsss.datasets.listing import (
    IMAGE_SUFFIXES,
    list_folder,
    read_class_names,
    read_ids,
    shown,
    strip_suffix,
)
from mmwsss.datasets.tags import names_to_ids, read_tag_csv
from mmwsss.stores import StoreError
from mmwsss.stores.foreign import FORMATS, MASK_FORMATS, PROPOSAL_FORMATS, import_folder

DATASETS = {'voc': VOCTaggedDataset, 'coco': COCOTaggedDataset, 'msrc': MSRCDataset}
SHIPPED = {'voc': VOCTaggedDataset.shipped_tags, 'coco': COCOTaggedDataset.shipped_tags}


def id_maker(dataset: str | None) -> Callable[[str], str]:
    """How a file's name becomes an image id, as the data set does it."""
    return COCOTaggedDataset.id_of_stem if dataset == 'coco' else strip_suffix


def main(argv: Sequence[str] | None = None) -> None:
    """Import a folder."""
    every = {**FORMATS, **MASK_FORMATS, **PROPOSAL_FORMATS}
    formats = '; '.join(f'{name}: {fmt.text}' for name, fmt in every.items())
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path)
    parser.add_argument('format', choices=every, help=formats)
    parser.add_argument('out', type=Path, help='the new store')
    classes = parser.add_mutually_exclusive_group(required=True)
    classes.add_argument('--dataset', choices=DATASETS, help='data set whose classes the files use')
    classes.add_argument('--classes', type=Path, help='file of foreground names, one a line')
    parser.add_argument('--ids', type=Path, help='list of images; default: all files')
    parser.add_argument(
        '--tags', type=Path, help='tags of the photos (image,tag;tag), to check classes by'
    )
    parser.add_argument('--images', type=Path, help='the photos, whose sizes are compared')
    add_read_options(parser)
    parser.add_argument(
        '--stride', type=int, default=4, help='stride of score maps; 1 keeps every pixel'
    )
    parser.add_argument('--dtype', choices=('float16', 'float32'), default='float16')
    parser.add_argument('--overwrite', action='store_true')
    args = parser.parse_args(argv)
    if args.ignore_tags:
        refuse_unread(parser, args, '--tags', why='beside --ignore-tags, which compares with none')
    to_id = id_maker(args.dataset)
    try:
        names = (
            DATASETS[args.dataset].METAINFO['classes'][1:]
            if args.dataset
            else read_class_names(args.classes)
        )
        tags = None
        if args.tags and not args.ignore_tags:
            tags = names_to_ids(read_tag_csv(args.tags), names, args.tags)
        elif args.dataset in SHIPPED and not args.ignore_tags:
            tags = SHIPPED[args.dataset]()
        store = import_folder(
            args.source,
            args.format,
            args.out,
            classes=names,
            ids=[to_id(i) for i in read_ids(args.ids)] if args.ids else None,
            to_id=to_id,
            tags=tags,
            image_paths=_photos(args.images, to_id) if args.images else None,
            options=read_options(args),
            stride=args.stride,
            dtype=args.dtype,
            overwrite=args.overwrite,
        )
    except (DataError, StoreError) as error:
        raise SystemExit(str(error)) from None
    print(f'{args.out}: {store.meta.kind} of {len(store)} images')
    compared = store.meta.kind != 'proposals' and tags is not None
    if compared and (unknown := [id for id in store if id not in (tags or {})]):
        print(
            f'note: class numbers of {len(unknown)} of {len(store)} images were not compared with '
            f'tags, {args.tags or f"the list of {args.dataset}"} does not name them: '
            f'{shown(unknown)}',
            file=sys.stderr,
        )


class _Photos(dict):
    """Photos by id; one that is missing says so."""

    def __missing__(self, id: str) -> str:
        raise DataError(f'no photo of image {id!r} among the {len(self)} of --images')


def _photos(folder: Path, to_id: Callable[[str], str]) -> dict[str, str]:
    files = list_folder(folder, IMAGE_SUFFIXES, to_id)
    return _Photos({id: str(folder / name) for id, name in files.items()})


if __name__ == '__main__':
    sys.exit(main())
