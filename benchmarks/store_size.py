"""The score store against full-size float32 dictionaries: bytes, reading, and what is lost.

Two times are taken: reading alone, and reading up to labels of the image's size, which for a
strided store means resizing. The labels at a threshold of 0.3 are compared, since stride and
float16 do change a few of them.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.synthetic import CLASSES, image
from benchmarks.timing import Times, call, load
from mmwsss.stores import Store, StoreMeta, create_store
from mmwsss.stores.hashing import hash_list
from mmwsss.structures import Seeds


def write(folder: Path, count: int) -> tuple[list[Path], list[Store]]:
    """The same seeds as dictionaries and as stores of stride 4 and 1."""
    names = [f'{index:04d}' for index in range(count)]
    stores = [
        create_store(folder / f's{stride}', StoreMeta('scores', CLASSES, hash_list(names), stride))
        for stride in (4, 1)
    ]
    for index, name in enumerate(names):
        seeds, _ = image(index)
        np.save(folder / name, dict(zip(seeds.classes.tolist(), seeds.scores, strict=True)))
        for store in stores:
            store.write(name, seeds)
    return [folder / f'{name}.npy' for name in names], stores


def read_dictionary(path: Path) -> Seeds:
    """Seeds of one image (our own file: no stranger's pickle)."""
    maps = np.load(path, allow_pickle=True).item()
    return Seeds(np.array(list(maps)), np.stack(list(maps.values())))


def measure(read: Callable[[Any], Seeds], keys: list) -> tuple[Times, Times, list[np.ndarray]]:
    """Times of reading, of reading up to labels, and the labels."""
    [read(key) for key in keys]  # both ways read from the file cache
    _, reading = call(lambda: [read(key) for key in keys])
    labels, whole = call(lambda: [read(key).to_mask(0.3) for key in keys])
    return reading, whole, labels


def main(argv: list[str] | None = None) -> float:
    """Compare; the ratio of sizes at stride 4."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=200)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        paths, stores = write(Path(folder), args.images)
        size = sum(path.stat().st_size for path in paths)
        reading, whole, expected = measure(read_dictionary, paths)
        print(f'{args.images} images 375x500, {load()}')
        print(f'float32 dictionaries   {size / 2**20:7.1f} MiB, read {reading}, labels {whole}')
        ratios = []
        for store in stores:
            own_reading, own_whole, found = measure(store.__getitem__, list(store))
            own = sum(store.path(name).stat().st_size for name in store)
            ratios.append(size / own)
            moved = np.mean([np.mean(a != b) for a, b in zip(expected, found, strict=True)])
            print(
                f'store float16 stride {store.meta.stride} {own / 2**20:7.1f} MiB, '
                f'read {own_reading}, labels {own_whole}\n  {size / own:.1f} times smaller, '
                f'read {reading.cpu / own_reading.cpu:.1f} and labelled '
                f'{whole.cpu / own_whole.cpu:.1f} times as fast (CPU), '
                f'{moved:.3%} of the labels differ'
            )
            if moved > 0.02:
                raise SystemExit('the labels differ too much')
    return ratios[0]


if __name__ == '__main__':
    main()
