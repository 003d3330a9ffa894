"""Dense CRF of an image's own classes against all 21, its kernels built once against each time.

The straightforward way gives the CRF a map for every class of the data set, zeros for those that
are absent, and makes a new object for every background score.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.synthetic import CLASSES, image
from benchmarks.timing import call, load
from mmwsss.ops.background import alpha_background
from mmwsss.ops.dense_crf import DenseCRF, softmax_unary
from mmwsss.structures import Seeds


def photo(seeds: Seeds, seed: int) -> np.ndarray:
    """Colours that go with the seeds, and noise. Shape: (H, W, 3), uint8."""
    rng = np.random.RandomState(seed)
    colours = 255 * rng.rand(len(seeds.classes) + 1, 3)
    label = np.where(seeds.scores.max(0) > 0.5, seeds.scores.argmax(0) + 1, 0)
    noise = gaussian_filter(rng.randn(*label.shape, 3), (1, 1, 0))
    return np.clip(colours[label] + 20 * noise, 0, 255).astype(np.uint8)


def all_classes(pixels: np.ndarray, seeds: Seeds, alphas: Sequence[float]) -> list[np.ndarray]:
    """The straightforward way. Shape of each: (21, H, W)."""
    scores = []
    for alpha in alphas:
        stack = np.zeros((len(CLASSES) + 1, *seeds.size), np.float32)
        stack[0] = alpha_background(seeds.scores, alpha)
        stack[seeds.classes + 1] = seeds.scores
        scores.append(DenseCRF(pixels, len(stack))(softmax_unary(stack)))
    return scores


def own_classes(
    pixels: np.ndarray, seeds: Seeds, alphas: Sequence[float], *, shared: bool
) -> list[np.ndarray]:
    """Present classes, with one object or one for each alpha. Shape of each: (K + 1, H, W)."""
    crf, scores = None, []
    for alpha in alphas:
        if crf is None or not shared:
            crf = DenseCRF(pixels, len(seeds.classes) + 1)
        background = alpha_background(seeds.scores, alpha)
        scores.append(crf(softmax_unary(np.concatenate([background[None], seeds.scores]))))
    return scores


def main(argv: Sequence[str] | None = None) -> float:
    """Run all ways; the ratio of CPU times of the first and the last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=5)
    parser.add_argument('--stride', type=int, default=1, help='of the pixels; for quick tries')
    parser.add_argument('--alphas', type=float, nargs='+', default=[4, 24])
    args = parser.parse_args(argv)
    cases = []
    for index in range(args.images):
        full = image(index)[0]
        seeds = Seeds(full.classes, full.scores[:, :: args.stride, :: args.stride])
        cases.append((photo(seeds, index), seeds))
    ways = {
        'all 21 classes': lambda pixels, seeds: all_classes(pixels, seeds, args.alphas),
        'own classes': lambda pixels, seeds: own_classes(pixels, seeds, args.alphas, shared=False),
        'own, kernels once': lambda pixels, seeds: own_classes(
            pixels, seeds, args.alphas, shared=True
        ),
    }
    height, width = cases[0][1].size
    print(f'{args.images} images {height}x{width}, alphas {args.alphas}, {load()}')
    results, times = {}, {}
    for name, way in ways.items():
        results[name], times[name] = call(lambda way=way: [way(*case) for case in cases])
        print(f'{name:18} {times[name]}')
    differences, moved = [], []
    for (_, seeds), *found in zip(cases, *results.values(), strict=True):
        for every, own, shared in zip(*found, strict=True):
            if not np.array_equal(own, shared):
                raise SystemExit('sharing the kernels changes the result')
            same = every[[0, *(seeds.classes + 1)]]
            differences.append(np.abs(same - own).max())
            moved.append((same.argmax(0) != own.argmax(0)).mean())
    cpu = [way.cpu for way in times.values()]
    print(
        f'ratios {cpu[0] / cpu[1]:.1f} and {cpu[0] / cpu[2]:.1f} (CPU); largest difference of '
        f'scores {max(differences):.1e}, labels that differ {np.mean(moved):.3%}; '
        'sharing changes no bit'
    )
    return cpu[0] / cpu[2]


if __name__ == '__main__':
    main()
