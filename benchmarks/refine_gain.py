"""What refiners repair: ground truth with known damage as scores in, scores of the masks out.

Damage, at the size of the photos (made for a long side of 320 pixels): 'blur' spreads each class
with a sigma of 16 pixels; 'erosion' takes 12 pixels off every object; 'holes' cuts disks out of
each class until 30 % of it are gone. The last two are softened with a sigma of 2. Like a class
activation map, each map is divided by its maximum. What has to be chosen is chosen on these masks,
for each refiner and damage: the threshold of scores (also of those that PAR gives), the exponent of
the CRF's background; the vote starts from the best mask of the scores. Refiners that are trained
(AffinityNet, IRN, RIB) take no part.

Example: ``python -m benchmarks.refine_gain data/VOCdevkit/VOC2012 --list train --images 100``
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from benchmarks.timing import Times, call, load
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.ops.contour import contour_matches, contour_radius, contour_scores, fill_nearest
from mmwsss.ops.threshold_sweep import ThresholdSweep
from mmwsss.proposers import RegionProposer
from mmwsss.refiners import CRF, PAR, SAMVote
from mmwsss.structures import Proposals, Seeds

N = 21
ALPHAS = (1, 4, 16)


def blur(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spread beyond the border. Shape: (H, W), float."""
    return gaussian_filter(mask.astype(np.float32), 16)


def erosion(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The inner part of an object."""
    inside = np.pad(mask, 1, mode='edge')
    deep = distance_transform_edt(inside)[1:-1, 1:-1] > 12 if not mask.all() else mask
    return gaussian_filter(deep.astype(np.float32), 2)


def holes(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An object with disks cut out."""
    left = mask.copy()
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    while left.sum() > 0.7 * mask.sum():
        places = np.argwhere(left)
        cy, cx = places[rng.integers(len(places))]
        left &= (y - cy) ** 2 + (x - cx) ** 2 > rng.integers(4, 17) ** 2
    return gaussian_filter(left.astype(np.float32), 2)


DAMAGE: dict[str, Callable] = {'blur': blur, 'erosion': erosion, 'holes': holes}


class Tally:
    """Pixels and contours of masks, added up.

    Args:
        classes: Number of classes, background included.
    """

    def __init__(self, classes: int = N) -> None:
        self.pixels = np.zeros((classes, classes), np.int64)
        self.contours = np.zeros((classes - 1, 4), np.int64)

    def add(self, labels: np.ndarray, truth: np.ndarray) -> None:
        """Count one image."""
        number = len(self.pixels)
        self.pixels += confusion(labels, truth, number)
        background = np.where(truth == 255, 0, truth)
        radius = contour_radius(truth.shape)
        self.contours += contour_matches(labels, background, number, radius)

    def scores(self) -> tuple[float, float]:
        """MIoU and contour F in percent, over the classes that occur."""
        f = contour_scores(self.contours)[2]
        return 100 * float(scores_from_confusion(self.pixels).miou), 100 * float(np.nanmean(f))


Case = tuple[np.ndarray, Seeds, np.ndarray]


def tally(masks: Sequence[np.ndarray], cases: Sequence[Case]) -> tuple[float, float]:
    """MIoU and contour F of the masks of all images."""
    total = Tally()
    for mask, (_, _, truth) in zip(masks, cases, strict=True):
        total.add(mask, truth)
    return total.scores()


def best_threshold(seeds: Sequence[Seeds], cases: Sequence[Case]) -> float:
    """Background score with the best mIoU."""
    sweep = ThresholdSweep(N)
    for one, (_, _, truth) in zip(seeds, cases, strict=True):
        sweep.update(*one.resize().winner(), truth)
    return float(sweep.thresholds[scores_from_confusion(sweep.compute()).miou.argmax()])


def by_threshold(seeds: Sequence[Seeds], cases: Sequence[Case]) -> tuple[str, list[np.ndarray]]:
    """The best threshold, and the masks."""
    threshold = best_threshold(seeds, cases)
    return f'{threshold:g}', [one.to_mask(threshold) for one in seeds]


def by_alpha(protocol: str, cases: Sequence[Case]) -> tuple[str, list[np.ndarray]]:
    """The best exponent of the background, and the masks of the CRF."""
    crf = CRF(alpha=ALPHAS[0], protocol=protocol)
    refined = [crf.with_alphas(image, seeds, ALPHAS) for image, seeds, _ in cases]
    found = []
    for alpha, seeds in zip(ALPHAS, zip(*refined, strict=True), strict=True):
        masks = [one.to_mask() for one in seeds]
        found.append((tally(masks, cases)[0], f'{alpha:g}', masks))
    return max(found, key=lambda one: one[0])[1:]


def all_refiners(
    cases: Sequence[Case], proposals: Sequence[Proposals]
) -> Iterator[tuple[str, str, list[np.ndarray], Times]]:
    """Name, what was chosen, masks, and times with the choice; the CRF where it is installed."""
    (chosen, masks), time = call(by_threshold, [seeds for _, seeds, _ in cases], cases)
    yield 'none', chosen, masks, time
    vote = SAMVote(background=float(chosen))
    voted, time = call(
        lambda: [vote(image, s, p) for (image, s, _), p in zip(cases, proposals, strict=True)]
    )
    yield 'vote of regions', chosen, voted, time
    par = PAR()
    (chosen, masks), time = call(
        lambda: by_threshold([par(image, seeds) for image, seeds, _ in cases], cases)
    )
    yield 'PAR', chosen, masks, time
    for name, protocol in (('CRF, PSA', 'psa'), ('CRF, DeepLab', 'deeplab')):
        (chosen, masks), time = call(by_alpha, protocol, cases)
        yield name, chosen, masks, time


def damaged(truth: np.ndarray, spoil: Callable, rng: np.random.Generator) -> Seeds:
    """Scores of the classes in a mask."""
    full = fill_nearest(truth, truth < 255)
    classes = np.setdiff1d(full, [0, 255]).astype(int)
    maps = [spoil(full == label, rng) for label in classes]
    maps = [one / max(float(one.max()), 1e-5) for one in maps]
    return Seeds(classes - 1, np.array(maps, np.float32).reshape(-1, *truth.shape).clip(0, 1))


def main(argv: Sequence[str] | None = None) -> dict[tuple[str, str], tuple[float, float]]:
    """Run all; mIoU and F by damage and refiner."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('root', type=Path, help='folder in the layout of VOC 2012')
    parser.add_argument('--list', default='train', help='in ImageSets/Segmentation')
    parser.add_argument('--images', type=int, default=100, help='the first ones of the list')
    parser.add_argument('--damage', nargs='+', choices=DAMAGE, default=list(DAMAGE))
    args = parser.parse_args(argv)
    listed = (args.root / f'ImageSets/Segmentation/{args.list}.txt').read_text().split()
    ids = listed[: args.images]
    images = [read_image(args.root / f'JPEGImages/{id}.jpg', id) for id in ids]
    truths = [read_mask(args.root / f'SegmentationClass/{id}.png', N, img_id=id) for id in ids]
    propose = RegionProposer()
    proposals, time = call(lambda: [propose(image) for image in images])
    print(f'{len(ids)} images, {load()}; regions {time.cpu / len(ids):.2f} CPU s an image\n')
    print('| damage | refiner | chosen | mIoU | gain | contour F | gain | CPU s an image |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- |')
    results: dict[tuple[str, str], tuple[float, float]] = {}
    for damage in args.damage:
        rng = np.random.default_rng(0)
        seeds = [damaged(truth, DAMAGE[damage], rng) for truth in truths]
        cases = list(zip(images, seeds, truths, strict=True))
        for name, chosen, masks, time in all_refiners(cases, proposals):
            results[damage, name] = scores = tally(masks, cases)
            gains = [now - was for now, was in zip(scores, results[damage, 'none'], strict=True)]
            cells = [f'{scores[0]:.1f}', f'{gains[0]:+.1f}', f'{scores[1]:.1f}', f'{gains[1]:+.1f}']
            share = time.cpu / len(ids)
            print(f'| {damage} | {name} | {chosen} | {" | ".join(cells)} | {share:.2f} |')
    return results


if __name__ == '__main__':
    main()
