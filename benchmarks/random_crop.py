"""Random crops of photos and masks: classes counted by bins against sorting their pixels.

mmseg's ``RandomCrop`` sorts the labels of each crop it tries (``np.unique``), ours counts them.
Both draw the same places from the same random state.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import mmwsss.engine  # noqa: F401  (mmseg imports without compiled operators after it)
from benchmarks.timing import call, load


def photos(count: int, size: tuple[int, int]) -> list[dict[str, Any]]:
    """Random photos with masks of 20 x 20 blocks of 21 classes.

    Args:
        count: How many.
        size: Height and width.
    """
    rng = np.random.default_rng(0)
    blocks = [-(-side // 20) for side in size]
    found = []
    for _ in range(count):
        mask = np.kron(rng.integers(0, 21, blocks), np.ones((20, 20), np.int64)).astype(np.uint8)
        image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        mask = np.ascontiguousarray(mask[: size[0], : size[1]])
        found.append(dict(img=image, gt_seg_map=mask, img_shape=size, seg_fields=['gt_seg_map']))
    return found


def main(argv: Sequence[str] | None = None) -> float:
    """Crop all photos both ways; the ratio of CPU times."""
    from mmseg.datasets.transforms import RandomCrop as MMSegCrop

    from mmwsss.datasets.transforms.random_crop import RandomCrop

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=200)
    parser.add_argument('--size', type=int, nargs=2, default=(500, 666), help='of the photos')
    parser.add_argument('--crop', type=int, default=512)
    args = parser.parse_args(argv)
    inputs = photos(args.images, tuple(args.size))
    print(f'{args.images} photos of {args.size[0]}x{args.size[1]}, {load()}')
    crops, times = {}, {}
    for name, kind in {'sorted': MMSegCrop, 'by bins': RandomCrop}.items():
        transform = kind(crop_size=(args.crop, args.crop), cat_max_ratio=0.75)
        np.random.seed(0)
        crops[name], times[name] = call(lambda t=transform: [t.transform(dict(x)) for x in inputs])
        print(f'{name:10} {times[name]}')
    for one, two in zip(*crops.values(), strict=True):
        if not all(np.array_equal(one[key], two[key]) for key in ('img', 'gt_seg_map')):
            raise SystemExit('the crops differ')
    ratio = times['sorted'].cpu / times['by bins'].cpu
    print(f'{ratio:.1f} times; crops equal')
    return ratio


if __name__ == '__main__':
    main()
