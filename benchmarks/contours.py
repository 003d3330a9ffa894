"""Contour F-score: one pass over an image against a loop over images and classes.

The straightforward way is the published one: for each image and each class of the data set two
masks, two boundary maps, two dilations by a disk. A better loop takes only classes that the image
has. All count the same contour pixels.
"""

import argparse
from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.synthetic import image
from benchmarks.timing import call, load
from mmwsss.ops.contour import contour_matches, contour_radius, contour_scores


def boundary(mask: np.ndarray) -> np.ndarray:
    """Where a mask differs from the right, lower or lower-right neighbour. Shape: (H, W), uint8."""
    found = np.zeros_like(mask)
    found[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    found[:-1] |= mask[:-1] ^ mask[1:]
    found[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return found


def loop(
    first: np.ndarray, second: np.ndarray, classes: int, radius: int, *, present: bool
) -> np.ndarray:
    """The straightforward way for one image. Shape: (C, 4), int64."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (y * y + x * x <= radius * radius).astype(np.uint8)
    counts = np.zeros((classes, 4), np.int64)
    every = range(1, classes + 1) if not present else np.setdiff1d(np.union1d(first, second), [0])
    for label in every:
        one, two = (boundary((labels == label).astype(np.uint8)) for labels in (first, second))
        near_one, near_two = (cv2.dilate(found, disk) for found in (one, two))
        counts[label - 1] = [(one & near_two).sum(), (two & near_one).sum(), one.sum(), two.sum()]
    return counts


def main(argv: Sequence[str] | None = None) -> float:
    """Run all ways; the ratio of CPU times of the first and ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=100)
    parser.add_argument('--classes', type=int, default=20, help='of the data set: VOC 20, COCO 80')
    parser.add_argument('--stride', type=int, default=1, help='of the pixels; for quick tries')
    args = parser.parse_args(argv)
    cut = slice(None, None, args.stride)
    pairs = []
    for index in range(args.images):
        seeds = image(index)[0]
        truth = np.roll(seeds.to_mask(0.4), 3, 1)
        pairs.append((seeds.to_mask(0.5)[cut, cut], truth[cut, cut]))
    size = pairs[0][0].shape
    radius = contour_radius(size)
    ways = {
        'loop, all classes': lambda one, two: loop(one, two, args.classes, radius, present=False),
        'loop, present ones': lambda one, two: loop(one, two, args.classes, radius, present=True),
        'one pass': lambda one, two: contour_matches(one, two, args.classes + 1, radius),
    }
    print(f'{args.images} images {size[0]}x{size[1]}, {args.classes} classes, {load()}')
    results, times = {}, {}
    for name, way in ways.items():
        results[name], times[name] = call(lambda way=way: sum(way(*pair) for pair in pairs))
        print(f'{name:18} {times[name]}')
    every, present, ours = results.values()
    if not (np.array_equal(ours, every) and np.array_equal(ours, present)):
        raise SystemExit('the contour pixels differ')
    slow, better, fast = (way.cpu for way in times.values())
    print(
        f'ratios {slow / fast:.1f} and {better / fast:.1f} (CPU); all counts are equal, '
        f'F {100 * np.nanmean(contour_scores(ours)[2]):.2f}'
    )
    return slow / fast


if __name__ == '__main__':
    main()
