"""Label maps from boxes: one full-size map for each class, as released, against those there are.

COCO's 81 classes by default. Random smooth logits; both ways give the same labels, quirks included.
"""

import argparse
import resource
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.timing import Times, load, timed
from mmwsss.ops.box_maps import BoxMapCfg, assemble, class_maps

PUBLISHED = BoxMapCfg(absent_compete=True, drop_unmatched=False)


def picture(seed: int, boxes: int, num_classes: int, side: int) -> dict:
    """What SAM and a detector say of a photo."""
    random = torch.Generator().manual_seed(seed)
    low = 8 * torch.randn(boxes, 1, 12, 16, generator=random) - 4
    present = torch.randint(0, num_classes, (4,), generator=random)
    classes = present[torch.randint(0, 4, (boxes,), generator=random)].tolist()
    return dict(
        low=F.interpolate(low, (side // 4 * 3 // 4, side // 4), mode='bilinear'),
        scores=torch.rand(boxes, generator=random) * 0.7 + 0.3,
        classes=[*classes[:-1], -1],
        labels=present[:2].unique().tolist(),
    )


def upsample(low: Tensor, size: tuple[int, int]) -> Tensor:
    """Logits at the size of SAM's frame. Shape: (n, 1, h, w) to (n, H, W)."""
    return F.interpolate(low, size, mode='bilinear', align_corners=False)[:, 0]


def one_map_a_class(
    photo: dict, frame: tuple[int, int], size: tuple[int, int], num_classes: int
) -> Tensor:
    """The release's way: background last, and one map more than there are classes."""
    masks = upsample(photo['low'], frame) * photo['scores'][:, None, None]
    maps = torch.zeros(num_classes + 2, *frame)
    classes = torch.tensor([k if k >= 0 else num_classes for k in photo['classes']])
    for k in classes.unique().tolist():
        maps[k] = masks[classes == k].amax(0)
    maps[num_classes][maps.amax(0) <= 0] = 1
    maps = F.interpolate(maps[None], size, mode='bilinear', align_corners=False)[0, :-1]
    kept = torch.zeros_like(maps)
    for k in [*photo['labels'], num_classes]:
        kept[k] = maps[k]
    first = torch.from_numpy(kept.numpy().argmax(0))
    return ((first + 1) % (num_classes + 1)).to(torch.uint8)


def sparse(photo: dict, frame: tuple[int, int], size: tuple[int, int], num_classes: int) -> Tensor:
    """Ours."""
    masks = class_maps(
        lambda index: upsample(photo['low'][index], frame),
        photo['scores'],
        photo['classes'],
        frame,
    )
    return assemble(masks, size, num_classes, photo['labels'], PUBLISHED)


def main(argv: Sequence[str] | None = None) -> dict[str, Times]:
    """Run; times of both ways."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=10)
    parser.add_argument('--boxes', type=int, default=6)
    parser.add_argument('--classes', type=int, default=80)
    parser.add_argument('--side', type=int, default=1024)
    args = parser.parse_args(argv)
    frame = args.side * 3 // 4, args.side
    size = 480 * args.side // 1024, 640 * args.side // 1024
    ways = {'those there are': sparse, 'one map a class': one_map_a_class}
    results: dict[str, Tensor] = {}
    times: dict[str, Times] = {}
    print(f'{args.images} images, {args.boxes} boxes, {args.classes + 1} classes, {load()}')
    photos = [picture(i, args.boxes, args.classes, args.side) for i in range(args.images)]
    for name, way in ways.items():  # the smaller one first: memory only has a peak
        way(photos[0], frame, size, args.classes)
        with timed() as times[name]:
            labels = [way(photo, frame, size, args.classes) for photo in photos]
        results[name] = torch.stack(labels)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(f'{name:18} {times[name]}, peak of the process {peak:6.0f} MiB')
    first, second = results.values()
    differing = int((first != second).sum())
    slow, quick = times['one map a class'], times['those there are']
    print(f'ratio {slow.cpu / quick.cpu:.1f}, pixels that differ: {differing}')
    if differing:
        raise SystemExit('the labels are not equal')
    return times


if __name__ == '__main__':
    main()
