"""Seeds of a published repository (a folder of ``.npy`` or ``.npz``) to a score store.

Example: ``python tools/dataset_converters/import_seeds.py seeds irn work_dirs/irn --dataset voc``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmwsss.datasets import COCOTaggedDataset, MSRCDataset, VOCTaggedDataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.io import read_ids, read_lines
from mmwsss.stores import StoreError
from mmwsss.stores.foreign import FORMATS, import_folder

DATASETS = {'voc': VOCTaggedDataset, 'coco': COCOTaggedDataset, 'msrc': MSRCDataset}


def main(argv: list[str] | None = None) -> None:
    """Import a folder."""
    formats = '; '.join(f'{name}: {text}' for name, (_, _, text) in FORMATS.items())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('source', type=Path)
    parser.add_argument('format', choices=FORMATS, help=formats)
    parser.add_argument('out', type=Path, help='the new store')
    classes = parser.add_mutually_exclusive_group(required=True)
    classes.add_argument('--dataset', choices=DATASETS, help='whose classes the seeds speak of')
    classes.add_argument('--classes', type=Path, help='file of foreground names, one a line')
    parser.add_argument('--ids', type=Path, help='list of images; default: all files')
    parser.add_argument('--images', type=Path, help='the photos, where a format needs their size')
    parser.add_argument('--image-suffix', default='.jpg')
    parser.add_argument('--stride', type=int, default=4, help='1 keeps every pixel')
    parser.add_argument('--dtype', choices=('float16', 'float32'), default='float16')
    parser.add_argument('--overwrite', action='store_true')
    args = parser.parse_args(argv)
    try:
        names = (
            DATASETS[args.dataset].METAINFO['classes'][1:]
            if args.dataset
            else [name for name in read_lines(args.classes) if name != 'background']
        )
        store = import_folder(
            args.source,
            args.format,
            args.out,
            classes=names,
            ids=read_ids(args.ids) if args.ids else None,
            image_folder=args.images,
            image_suffix=args.image_suffix,
            stride=args.stride,
            dtype=args.dtype,
            overwrite=args.overwrite,
        )
    except (DataError, StoreError) as error:
        raise SystemExit(str(error)) from None
    print(f'{args.out}: {len(store)} images')


if __name__ == '__main__':
    sys.exit(main())
