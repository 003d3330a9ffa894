"""Convert COCO annotations to semantic masks (PNG) and image-level labels.

Annotations are drawn by the official mask API in the order of the file; later ones overwrite
earlier ones. Crowds are left out, and no pixel is ignored. A mask has the name of its image,
folders included. Annotations that cannot be drawn are listed and left out. A run that was
interrupted continues where it stopped.

``--rule icam`` draws as ICAM does: corners of polygons are cut to integers, OpenCV fills them, and
crowds are drawn too. Its labels are the classes in the finished masks. Give it a folder of its own.

``--categories`` is for categories of your own: all that occur, sorted by name, or those of a file.
It writes ``tags.csv`` for a TaggedFolder, beside the folder of the masks or where ``--tags`` says,
and ``classes.txt`` into that folder.

    python tools/dataset_converters/coco_to_masks.py \
        data/coco/annotations/instances_train2014.json data/coco/masks/train2014
    python tools/dataset_converters/coco_to_masks.py fruits/_annotations.coco.json fruits/masks \
        --categories --images fruits/images
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as mask_api
from rich.progress import track

from mmwsss.datasets import COCOTaggedDataset
from mmwsss.datasets.coco_json import Drawing, category_names, check_keys, drawings
from mmwsss.datasets.coco_painting import paint_annotations
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder, read_class_names, strip_suffix
from mmwsss.stores.atomic import atomic_write, atomic_write_bytes
from mmwsss.stores.mask_store import voc_palette

_LISTED = 50


def coco_numbers(content: dict) -> dict[str, int]:
    """COCO's categories to mask values 1..80, checked by name.

    Raises:
        DataError: They are others.
    """
    check_keys(content)
    names = [c['name'] for c in sorted(content['categories'], key=lambda c: c['id'])]
    expected = list(COCOTaggedDataset.METAINFO['classes'][1:])
    if names != expected:
        wrong = next((p for p in zip(names, expected) if p[0] != p[1]), (len(names), 80))  # noqa: B905
        raise DataError(
            f'no COCO categories: found {wrong[0]!r} where {wrong[1]!r} is expected. Own '
            'categories are read with --categories'
        )
    return {name: k for k, name in enumerate(names, start=1)}


def draw(job: Drawing) -> np.ndarray:
    """The mask of one image, uint8 (H, W), by the rule of ``annToMask``."""
    height, width = job.size
    mask = np.zeros((height, width), dtype=np.uint8)
    for number, shape in job.shapes:
        if isinstance(shape, list):
            code = mask_api.merge(mask_api.frPyObjects(shape, height, width))
        elif isinstance(shape['counts'], list):
            code = mask_api.frPyObjects(shape, height, width)
        else:
            code = shape
        mask[mask_api.decode(code) != 0] = number
    return mask


def write(job: Drawing, folder: Path, rule: str) -> str:
    """Draw one image into the folder, whole or not at all; why it could not be drawn, or ''."""
    try:
        mask = paint_annotations(job.size, job.shapes) if rule == 'icam' else draw(job)
    except Exception as error:  # one odd image never stops the others
        return f'image {job.file_name!r}: {type(error).__name__}: {error}'
    image = Image.fromarray(mask)
    image.putpalette(voc_palette().tobytes())
    with atomic_write(folder / f'{job.name}.png') as path:
        image.save(path, 'PNG')
    return ''


def labels_in(job: Drawing, folder: Path) -> set[int]:
    """Mask values of the classes that a finished mask shows."""
    with Image.open(folder / f'{job.name}.png') as image:
        return set(np.unique(image).tolist()) - {0}


def draw_all(jobs: Sequence[Drawing], folder: Path, rule: str, workers: int) -> list[str]:
    """Draw what is missing; what could not be drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    done = {path.relative_to(folder).as_posix() for path in folder.rglob('*.png')}
    left = [job for job in jobs if f'{job.name}.png' not in done]
    print(f'{len(jobs)} images, {len(jobs) - len(left)} are done')
    one = partial(write, folder=folder, rule=rule)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            results = list(track(pool.map(one, left, chunksize=32), 'drawing', len(left)))
    else:
        results = [one(job) for job in track(left, 'drawing')]
    return [text for text in results if text]


def label_list(jobs: Sequence[Drawing]) -> bytes:
    """Lines of an id and its labels 0..79, sorted by id; equal ids keep their folders."""
    ids = [COCOTaggedDataset.id_of_stem(job.name) for job in jobs]
    count = Counter(ids)
    rows = {
        i if count[i] == 1 else job.name: sorted(job.labels)
        for i, job in zip(ids, jobs, strict=True)
    }
    lines = (' '.join([i, *(str(k - 1) for k in labels)]) for i, labels in sorted(rows.items()))
    return ('\n'.join(lines) + '\n').encode()


def tag_table(jobs: Sequence[Drawing], names: Sequence[str], photos: dict[str, str]) -> bytes:
    """The ``tags.csv`` of own categories; refuses names that hold ``;``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('image', 'tags'))
    for job in jobs:
        tags = ';'.join(names[k - 1] for k in sorted(job.labels))
        suffix = job.file_name[len(strip_suffix(job.file_name)) :]
        writer.writerow((photos.get(job.name, job.name + suffix), tags))
    return text.getvalue().encode()


def main(argv: list[str] | None = None) -> None:
    """Convert one annotation file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('json', type=Path, help='instances_*.json')
    parser.add_argument('out', type=Path, help='folder of the masks')
    parser.add_argument('--tags', type=Path, help='write image-level labels here, too (0..79)')
    parser.add_argument(
        '--categories',
        nargs='?',
        const='',
        metavar='FILE',
        help='own categories, or a file of them',
    )
    parser.add_argument('--images', type=Path, help='the photos, with which names are matched')
    parser.add_argument('--rule', choices=('official', 'icam'), default='official')
    parser.add_argument('--workers', type=int, default=os.cpu_count())
    args = parser.parse_args(argv)
    try:
        _convert(args)
    except DataError as error:
        raise SystemExit(f'{args.json}: {error}') from None


def _convert(args: argparse.Namespace) -> None:
    try:
        content = json.loads(args.json.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f'no readable JSON ({error})') from None
    own = args.categories is not None
    names: list[str] = []
    if own:
        names = read_class_names(args.categories) if args.categories else category_names(content)
        if not 0 < len(names) <= 254 or any(';' in name for name in names):
            raise DataError(f'1 to 254 categories without ";" are expected, found {names[:5]}')
    numbers = {n: k for k, n in enumerate(names, 1)} if own else coco_numbers(content)
    photos = list_folder(args.images, IMAGE_SUFFIXES) if args.images else None
    jobs, remarks = drawings(content, numbers, crowds=args.rule == 'icam', images=photos)
    if photos is not None:
        remarks += [f'image {j.file_name!r}: not in --images' for j in jobs if j.name not in photos]
    bad = draw_all(jobs, args.out, args.rule, args.workers)
    remarks += bad
    if args.rule == 'icam':
        for job in track(jobs, 'labels'):
            job.labels = (
                labels_in(job, args.out) if (args.out / f'{job.name}.png').is_file() else set()
            )
    if own:
        table = tag_table(jobs, names, photos or {})
        path = args.tags or args.out.parent / 'tags.csv'
        if args.tags is None and path.is_file() and path.read_bytes() != table:
            raise DataError(f'{path} is there with other tags: say with --tags where to write')
        atomic_write_bytes(path, table)
        atomic_write_bytes(args.out / 'classes.txt', ('\n'.join(names) + '\n').encode())
        print(f'{path}: {len(jobs)} images; classes 1..{len(names)} are {", ".join(names)}')
        if names != sorted({names[k - 1] for job in jobs for k in job.labels}):
            print(f"give the data set classes='{args.out.name}/classes.txt': not all occur, sorted")
    elif args.tags:
        atomic_write_bytes(args.tags, label_list(jobs))
        empty = sum(not job.labels for job in jobs)
        print(f'{args.tags}: labels of {len(jobs)} images, {empty} without any; offset 0')
    if remarks:
        print(f'{len(remarks)} remarks; annotations named here are not drawn, their classes count:')
        for text in remarks[:_LISTED]:
            print(f'  {text}')
        if len(remarks) > _LISTED:
            print(f'  and {len(remarks) - _LISTED} more')


if __name__ == '__main__':
    sys.exit(main())
