"""Add SBD's masks to the VOC devkit: ``SegmentationClassAug`` of all 12031 images, and lists.

Takes the masks of VOC for VOC's own images and SBD's ``.mat`` files (or a ready folder of PNGs) for
the others. Continues where it stopped.

    python tools/dataset_converters/voc_aug.py data/VOCdevkit/VOC2012 --sbd data/benchmark_RELEASE
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track
from scipy.io import loadmat

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.io import read_mask
from mmwsss.datasets.listing import list_folder, read_ids, shown
from mmwsss.datasets.voc import LISTS
from mmwsss.stores.atomic import atomic_write
from mmwsss.stores.mask_store import voc_palette

NUM_CLASSES = 21


def read_sbd(path: Path) -> np.ndarray:
    """The class map of an SBD file, uint8 (H, W)."""
    try:
        content = loadmat(path, squeeze_me=True, struct_as_record=False)
    except Exception as error:  # of many kinds, as the file is damaged
        raise DataError(f'{path}: cannot be read ({error}). Copy it again') from error
    if 'GTcls' not in content:
        raise DataError(f'{path}: no file of SBD with class maps, GTcls is missing')
    return np.asarray(content['GTcls'].Segmentation, dtype=np.uint8)


def write_mask(mask: np.ndarray, path: Path) -> None:
    """Write a palette PNG, whole or not at all."""
    image = Image.fromarray(mask)
    image.putpalette(voc_palette().tobytes())
    with atomic_write(path) as temporary:
        image.save(temporary, 'PNG')


def masks_below(extra: Path) -> Path:
    """The folder with the class maps: ``dataset/cls`` as the archive of SBD unpacks.

    Beside it lie ``dataset/inst`` with files of the same names, and elsewhere drawings of the PNGs.
    """
    if not extra.is_dir():
        raise DataError(f'{extra}: no such folder')
    for name in ('cls', 'SegmentationClassAug'):
        found = sorted(path for path in extra.rglob(name) if path.is_dir())
        if extra.name == name or not found:
            continue
        if len(found) > 1:
            raise DataError(f'{extra}: {shown(map(str, found))} are there: give --sbd one of them')
        return found[0]
    return extra


def sources(voc: Path, extra: Path, wanted: list[str]) -> dict[str, Path]:
    """The mask file of every image; VOC's own first."""
    found = {}
    extra = masks_below(extra)
    for folder, suffix in ((extra, '.mat'), (extra, '.png'), (voc, '.png')):
        files = list_folder(folder, (suffix,), lambda stem: stem.rsplit('/', 1)[-1])
        found.update({i: folder / name for i, name in files.items()})
    missing = [i for i in wanted if i not in found]
    if missing:
        raise DataError(
            f'{len(missing)} of {len(wanted)} masks are neither in {voc} nor in {extra}: '
            f'{shown(missing)}'
        )
    return {i: found[i] for i in wanted}


def convert(devkit: Path, extra: Path, lists: Path = LISTS) -> int:
    """Fill ``SegmentationClassAug`` and ``ImageSets/SegmentationAug``; number of masks written."""
    names = ('train', 'train_aug', 'val')
    ids = {name: read_ids(lists / f'{name}.txt') for name in names}
    wanted = sorted({*ids['train_aug'], *ids['val']})
    target = devkit / 'SegmentationClassAug'
    target.mkdir(exist_ok=True)
    done = list_folder(target, ('.png',))
    todo = {
        i: path
        for i, path in sources(devkit / 'SegmentationClass', extra, wanted).items()
        if i not in done
    }
    for img_id, path in track(todo.items(), 'masks', len(todo)):
        mask = read_sbd(path) if path.suffix == '.mat' else read_mask(path, NUM_CLASSES)
        write_mask(mask, target / f'{img_id}.png')
    folder = devkit / 'ImageSets' / 'SegmentationAug'
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(lists / f'{name}.txt', folder / f'{name}.txt')
    return len(todo)


def main(argv: list[str] | None = None) -> None:
    """Convert a devkit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('devkit', type=Path, help='the VOC2012 folder')
    parser.add_argument(
        '--sbd',
        type=Path,
        required=True,
        help='folder with .mat or .png below it',
    )
    args = parser.parse_args(argv)
    try:
        count = convert(args.devkit, args.sbd)
    except DataError as error:
        raise SystemExit(str(error)) from None
    print(f'{count} masks written to {args.devkit / "SegmentationClassAug"}')


if __name__ == '__main__':
    sys.exit(main())
