"""SAM-based seeding and the rock-sand-water filter: loops over masks, and all masks at once.

The masks are wobbly blobs of three sizes, as many as SAM finds in a photo. All ways start from what
a proposal store has, run-length codes, which the loops decode first. The loops multiply maps and
masks, as the release does; beside them loops that pick a mask's pixels instead.

Example: ``python -m benchmarks.mask_seeding --masks 100``
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.synthetic import SIZE
from benchmarks.timing import call, load
from mmwsss.ops.mask_runs import MaskRuns, rock_sand_water
from mmwsss.ops.mask_seeding import EPS, label_masks, paint_masks
from mmwsss.structures import Proposals


def blobs(count: int, size: tuple[int, int], rng: np.random.Generator) -> Proposals:
    """Masks with wobbly borders; the level goes with the size."""
    y, x = np.mgrid[: size[0], : size[1]]
    masks, level = np.zeros((count, *size), bool), rng.integers(0, 3, count)
    for mask, own in zip(masks, level, strict=True):
        cy, cx = rng.random(2) * size
        angle = np.arctan2(y - cy, x - cx)
        wobble = 1 + sum(
            rng.normal(0, 0.1) * np.sin(k * angle + rng.random() * 6) for k in range(1, 7)
        )
        radius = (0.05, 0.12, 0.25)[own] * min(size) * (0.7 + 0.6 * rng.random())
        mask[:] = np.hypot(y - cy, x - cx) < radius * wobble
    zeros = np.zeros(count)
    return Proposals.from_masks(masks, iou=zeros, stability=zeros, level=level)


def product_mean(cam: np.ndarray, mask: np.ndarray) -> float:
    """Mean of a map in a mask, by their product."""
    return (cam * mask).sum(dtype=np.float64) / max(mask.sum(), 1)


def picked_mean(cam: np.ndarray, mask: np.ndarray) -> float:
    """The same, of the pixels inside."""
    return cam[mask].mean(dtype=np.float64) if mask.any() else 0.0


def seed_in_loops(
    cams: np.ndarray, proposals: Proposals, power: float, mean: Callable, draw: Callable
) -> np.ndarray:
    """Labels, (H, W): a mean for each map and mask, then a drawing for each mask."""
    masks, cams = proposals.masks(), np.maximum(cams, 0)
    scores = np.array([[mean(cam, mask) for mask in masks] for cam in cams]).astype(np.float32)
    low, high = scores.min(1, keepdims=True), scores.max(1, keepdims=True)
    scores = (scores - low) / (high - low + np.float32(EPS))
    background = (1 - scores.max(0)) ** np.float32(power)
    scores = np.concatenate([background[None], scores])
    label, confidence = scores.argmax(0), scores.max(0)
    painted = np.zeros(masks.shape[1:], np.int64)
    for index in np.lexsort((confidence, proposals.level)):
        painted = draw(painted, masks[index], label[index])
    return painted


def draw_all(painted: np.ndarray, mask: np.ndarray, label: int) -> np.ndarray:
    """A new picture with the mask in it."""
    return np.where(mask, label, painted)


def draw_inside(painted: np.ndarray, mask: np.ndarray, label: int) -> np.ndarray:
    """The same picture, changed inside the mask."""
    painted[mask] = label
    return painted


def filter_in_loops(proposals: Proposals, threshold: float) -> list[int]:
    """Indices of the masks kept: an intersection for each pair."""
    masks, level = proposals.masks(), proposals.level
    kept = [i for i in range(len(masks)) if level[i] == 2]
    for current in (1, 0):
        added = []
        for i in (i for i in range(len(masks)) if level[i] == current):
            shared = [(masks[i] & masks[k]).sum() for k in kept]
            if not kept or max(shared) / masks[i].sum() < threshold:
                added.append(i)
        kept += added
    return kept


def seed_at_once(cams: np.ndarray, proposals: Proposals, power: float) -> np.ndarray:
    """What ``SAMSeeding`` does."""
    masks = MaskRuns(proposals)
    return paint_masks(label_masks(cams, masks, power), masks, proposals.level)


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Ratios of CPU seconds, decoding left out of the loops."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--masks', type=int, default=100)
    parser.add_argument('--maps', type=int, default=3)
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--size', type=int, nargs=2, default=SIZE, help='height and width')
    args = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    proposals = blobs(args.masks, tuple(args.size), rng)
    y, x = (np.linspace(0, 6, side) for side in args.size)
    waves = [np.sin(y[:, None] * rng.random() * 3) + np.cos(x * rng.random() * 3) for _ in range(9)]
    cams = np.stack(waves[: args.maps]).astype(np.float32)
    print(f'{args.masks} masks, {args.maps} maps, {args.size[0]}x{args.size[1]}, {load()}')
    at_once = {
        'seeding': lambda: seed_at_once(cams, proposals, 0.7),
        'rock-sand-water': lambda: rock_sand_water(MaskRuns(proposals), proposals.level, 0.3),
    }
    loops = {
        'seeding': {
            'products': lambda: seed_in_loops(cams, proposals, 0.7, product_mean, draw_all),
            'pixels picked': lambda: seed_in_loops(cams, proposals, 0.7, picked_mean, draw_inside),
        },
        'rock-sand-water': {'products': lambda: filter_in_loops(proposals, 0.3)},
    }
    ratios = {}
    for task, ours in at_once.items():
        ours()  # warm
        found, fast = call(repeat, ours, args.repeat)
        print(f'{task}, {args.repeat} times\n  at once             {fast}')
        for name, way in loops[task].items():
            expected, slow = call(repeat, way, args.repeat)
            if not np.array_equal(found, expected):
                raise SystemExit(f'{task}: the results differ')
            ratios[f'{task}, {name}'] = slow.cpu / fast.cpu
            print(f'  loops, {name:13}{slow}, identical, ratio {slow.cpu / fast.cpu:.1f}')
    return ratios


def repeat(function: Callable, times: int) -> np.ndarray:
    """The last of several results."""
    return [function() for _ in range(times)][-1]


if __name__ == '__main__':
    main()
