"""Scoring seeds at many thresholds: one pass against one reading of the seeds a threshold.

The straightforward way is the published scorers': for each threshold read every image's dictionary,
stack all classes behind the threshold, take the argmax and count. Both ways read the same files in
one process, and their confusion matrices must be equal.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.synthetic import CLASSES, image
from benchmarks.timing import call, load
from mmwsss.ops.threshold_sweep import ThresholdSweep
from mmwsss.structures import Seeds

N = len(CLASSES) + 1


def write(folder: Path, count: int) -> list[Path]:
    """Dictionaries of float32 maps, as the published codes store them, and masks beside."""
    paths = []
    for index in range(count):
        seeds, mask = image(index)
        paths.append(folder / f'{index:04d}.npy')
        np.save(paths[-1], dict(zip(seeds.classes.tolist(), seeds.scores, strict=True)))
        np.save(paths[-1].with_suffix('.mask.npy'), mask)
    return paths


def read(path: Path) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """One image's dictionary (our own file: no stranger's pickle) and mask."""
    return np.load(path, allow_pickle=True).item(), np.load(path.with_suffix('.mask.npy'))


def per_threshold(paths: list[Path], thresholds: np.ndarray) -> np.ndarray:
    """The straightforward way. Shape: (T, n, n)."""
    counts = np.zeros((len(thresholds), N, N), np.int64)
    for total, threshold in zip(counts, thresholds, strict=True):
        for path in paths:
            maps, mask = read(path)
            stack = np.zeros((N, *mask.shape), np.float32)
            stack[0] = threshold
            for k, scores in maps.items():
                stack[k + 1] = scores
            pred, kept = stack.argmax(0), mask < 255
            total += np.bincount(N * mask[kept].astype(int) + pred[kept], minlength=N * N).reshape(
                N, N
            )
    return counts


def one_pass(paths: list[Path], thresholds: np.ndarray) -> np.ndarray:
    """Ours. Shape: (T, n, n)."""
    sweep = ThresholdSweep(N, thresholds)
    for path in paths:
        maps, mask = read(path)
        seeds = Seeds(np.array(list(maps)), np.stack(list(maps.values())))
        sweep.update(*seeds.winner(), mask)
    return sweep.compute()


def main(argv: list[str] | None = None) -> float:
    """Run both; the ratio of CPU times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=200)
    parser.add_argument('--thresholds', type=int, default=50)
    args = parser.parse_args(argv)
    thresholds = np.arange(args.thresholds) / 100
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), args.images)
        one_pass(paths[:1], thresholds)  # imports, file cache
        ours, fast = call(one_pass, paths, thresholds)
        theirs, slow = call(per_threshold, paths, thresholds)
    if not np.array_equal(ours, theirs):
        raise SystemExit('the confusion matrices differ')
    ratio = slow.cpu / fast.cpu
    print(f'{args.images} images 375x500, {args.thresholds} thresholds, {load()}')
    print(f'once a threshold {slow}\none pass         {fast}')
    print(f'ratio {ratio:.0f} (CPU); confusion matrices equal')
    return ratio


if __name__ == '__main__':
    main()
