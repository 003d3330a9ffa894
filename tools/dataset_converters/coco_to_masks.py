"""COCO annotations to semantic masks (PNG) and image-level labels.

Rule: the annotations of an image in the order of the file, crowds left out, rasterised by the
official mask API, later ones overwrite earlier ones; no ignore value. Masks bear the names of the
images. A run that was broken off continues where it stopped.

``--rule icam`` paints as ICAM does: polygons cut to integers and filled by OpenCV, crowds too; and
its labels are the classes that the finished masks show. Give it a folder of its own.

    python tools/dataset_converters/coco_to_masks.py \
        data/coco/annotations/instances_train2014.json data/coco/masks/train2014
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as mask_api
from rich.progress import track

from mmwsss.datasets import COCOTaggedDataset
from mmwsss.datasets.coco_painting import paint_annotations
from mmwsss.stores.atomic import atomic_write, atomic_write_bytes
from mmwsss.stores.mask_store import voc_palette

Job = tuple[str, int, int, list[tuple[int, list | dict]]]


def class_numbers(categories: list[dict]) -> dict[int, int]:
    """COCO's category ids (1..90) to mask values 1..80, checked by name."""
    numbers = {c['id']: k for k, c in enumerate(sorted(categories, key=lambda c: c['id']), 1)}
    names = [c['name'] for c in sorted(categories, key=lambda c: c['id'])]
    expected = list(COCOTaggedDataset.METAINFO['classes'][1:])
    if names != expected:
        wrong = next((p for p in zip(names, expected) if p[0] != p[1]), (len(names), 80))  # noqa: B905
        raise SystemExit(f'no COCO categories: found {wrong[0]!r} where {wrong[1]!r} is expected')
    return numbers


def jobs_of(annotations: dict, crowds: bool) -> tuple[list[Job], dict[str, set[int]]]:
    """What to draw for each image, and its labels 0..79 (crowds count as labels)."""
    numbers = class_numbers(annotations['categories'])
    shapes, labels = defaultdict(list), defaultdict(set)
    for item in annotations['annotations']:
        number = numbers[item['category_id']]
        labels[item['image_id']].add(number - 1)
        if crowds or not item.get('iscrowd'):
            shapes[item['image_id']].append((number, item['segmentation']))
    images = annotations['images']
    jobs = [(Path(i['file_name']).stem, i['height'], i['width'], shapes[i['id']]) for i in images]
    return jobs, {f'{i["id"]:012d}': labels[i['id']] for i in images}


def draw(job: Job) -> np.ndarray:
    """The mask of one image, uint8 (H, W), by the rule of ``annToMask``."""
    _, height, width, shapes = job
    mask = np.zeros((height, width), dtype=np.uint8)
    for number, shape in shapes:
        if isinstance(shape, list):
            code = mask_api.merge(mask_api.frPyObjects(shape, height, width))
        elif isinstance(shape['counts'], list):
            code = mask_api.frPyObjects(shape, height, width)
        else:
            code = shape
        mask[mask_api.decode(code) != 0] = number
    return mask


def write(job: Job, folder: Path, rule: str) -> None:
    """Draw one image into the folder, whole or not at all."""
    _, height, width, shapes = job
    mask = paint_annotations((height, width), shapes) if rule == 'icam' else draw(job)
    image = Image.fromarray(mask)
    image.putpalette(voc_palette().tobytes())
    with atomic_write(folder / f'{job[0]}.png') as path:
        image.save(path, 'PNG')


def labels_in(job: Job, folder: Path) -> set[int]:
    """Labels 0..79 that a finished mask shows."""
    with Image.open(folder / f'{job[0]}.png') as image:
        return set((np.unique(image).astype(int) - 1).tolist()) - {-1}


def main(argv: list[str] | None = None) -> None:
    """Convert one annotation file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('json', type=Path, help='instances_*.json')
    parser.add_argument('out', type=Path, help='folder of the masks')
    parser.add_argument('--tags', type=Path, help='write image-level labels here, too (0..79)')
    parser.add_argument('--rule', choices=('official', 'icam'), default='official')
    parser.add_argument('--workers', type=int, default=os.cpu_count())
    args = parser.parse_args(argv)
    jobs, labels = jobs_of(json.loads(args.json.read_text()), crowds=args.rule == 'icam')
    args.out.mkdir(parents=True, exist_ok=True)
    done = {entry.name for entry in os.scandir(args.out)}
    left = [job for job in jobs if f'{job[0]}.png' not in done]
    print(f'{len(jobs)} images, {len(jobs) - len(left)} are done')
    if args.workers > 1:
        with ProcessPoolExecutor(args.workers) as pool:
            results = pool.map(partial(write, folder=args.out, rule=args.rule), left, chunksize=32)
            for _ in track(results, 'drawing', len(left)):
                pass
    else:
        for job in track(left, 'drawing'):
            write(job, args.out, args.rule)
    if args.tags:
        if args.rule == 'icam':
            shown = (labels_in(job, args.out) for job in jobs)
            labels = dict(zip(labels, track(shown, 'labels', len(jobs)), strict=True))
        lines = (' '.join(map(str, chain([i], sorted(k)))) for i, k in sorted(labels.items()))
        atomic_write_bytes(args.tags, ('\n'.join(lines) + '\n').encode())
        empty = sum(not k for k in labels.values())
        print(f'{args.tags}: labels of {len(labels)} images, {empty} without any; offset 0')


if __name__ == '__main__':
    sys.exit(main())
