"""Colour regions: coarser levels found in a smaller image, against all levels at full size.

Says what it saves and what it changes: how well the regions of one match those of the other (the
mean over regions of the best IoU), and how well the best region of each object fits the object.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.loaders import real_photos, write_photos
from benchmarks.timing import call, load
from mmwsss.datasets.io import read_image
from mmwsss.proposers import RegionProposer


def objects(mask: np.ndarray, min_area: int = 100) -> Iterator[np.ndarray]:
    """Connected parts of each class that have so many pixels, as masks.

    Args:
        mask: Indices, 0 background, 255 unknown. Shape: (H, W).
        min_area: In pixels.
    """
    for value in set(np.unique(mask).tolist()) - {0, 255}:
        parts, number = ndimage.label(mask == value)
        areas = np.bincount(parts.ravel(), minlength=number + 1)
        yield from (parts == k for k in range(1, number + 1) if areas[k] >= min_area)


def best_iou(regions: np.ndarray, targets: np.ndarray) -> list[float]:
    """IoU of the region that fits best, for each target. Shapes: (R, H, W) and (T, H, W)."""
    first, second = (
        masks.reshape(len(masks), -1).astype(np.float32) for masks in (regions, targets)
    )
    common = first @ second.T
    union = first.sum(1)[:, None] + second.sum(1) - common
    return (common / union).max(0).tolist()


def main(argv: Sequence[str] | None = None) -> dict[float, float]:
    """Find regions of all photos in each way; ratios of CPU times by the part of the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=20)
    parser.add_argument('--size', type=int, nargs=2, default=(375, 500), help='of the photos')
    parser.add_argument('--voc', type=Path, help='take photos and masks of this folder of VOC')
    parser.add_argument('--coarse', type=float, nargs='+', default=(0.5, 0.35))
    args = parser.parse_args(argv)
    ways = {part: RegionProposer(coarse=part) for part in (1.0, *args.coarse)}
    seconds = dict.fromkeys(ways, 0.0)
    number = dict.fromkeys(ways, 0)
    agree: dict[float, list[float]] = {part: [] for part in ways}
    fit: dict[float, list[float]] = {part: [] for part in ways}
    with tempfile.TemporaryDirectory() as folder:
        if args.voc:
            infos = real_photos(args.voc, args.images)
        else:
            infos = write_photos(Path(folder), args.images, tuple(args.size))
        print(f'{len(infos)} photos, {load()}')
        for info in infos:
            image = read_image(info['img_path'])
            found = {}
            for part, proposer in ways.items():
                proposals, times = call(proposer, image)
                seconds[part] += times.cpu
                found[part] = proposals.masks()
                number[part] += len(found[part])
            mask = np.array(Image.open(info['seg_map_path']))
            targets = np.array([*objects(mask)]).reshape(-1, *mask.shape)
            for part, regions in found.items():
                fit[part] += best_iou(regions, targets)
                agree[part] += best_iou(regions, found[1.0])
    print(f'{image.shape[1]}x{image.shape[0]} pixels (the last), {len(fit[1.0])} objects')
    for part in ways:
        print(
            f'coarse={part}: {seconds[part] / len(infos):.3f} CPU s a photo, '
            f'{seconds[1.0] / seconds[part]:.1f} times; {number[part] / len(infos):.0f} regions, '
            f'best IoU {np.mean(agree[part]):.3f} with those at full size, '
            f'{np.mean(fit[part]):.3f} with objects'
        )
    return {part: seconds[1.0] / seconds[part] for part in args.coarse}


if __name__ == '__main__':
    main()
