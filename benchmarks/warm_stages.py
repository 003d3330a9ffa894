"""Stages of a recipe: forks of one process that has imported the libraries, or interpreters afresh.

The stage thresholds the seeds of some small photos. CPU seconds are those of all processes, the one
that only imports counted; masks have to be equal.
"""

import argparse
import csv
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.loaders import write_photos
from benchmarks.timing import load
from mmwsss.installed import find_part
from mmwsss.recipes.process import Started, start_process
from mmwsss.recipes.warm import WarmStarts
from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.hashing import hash_list
from mmwsss.structures import Seeds


def prepare(folder: Path, count: int) -> dict[str, str]:
    """Photos of one tag and their seeds, and the environment in which stages find them."""
    (folder / 'images').mkdir()
    names = [info['img_id'] for info in write_photos(folder / 'images', count, (120, 160))]
    for mask in folder.glob('images/*.png'):
        mask.unlink()
    with open(folder / 'tags.csv', 'w', newline='') as file:
        csv.writer(file).writerows([('image', 'tags'), *((f'{name}.jpg', 'a') for name in names)])
    store = create_store(folder / 'seeds', StoreMeta('scores', ('a',), hash_list(names), 1))
    for index, name in enumerate(names):
        store.write(name, Seeds([0], np.random.RandomState(index).rand(1, 120, 160)))
    return {
        **os.environ,
        'DATA': 'folder',
        'FOLDER_ROOT': str(folder),
        'SCORE_STORE': str(folder / 'seeds'),
    }


def run(start: Callable[..., Started], folders: Sequence[Path], env: dict[str, str]) -> None:
    """The stage into each of the folders, one after the other."""
    tool, config = find_part('tools') / 'test.py', find_part('configs') / 'refine/threshold.py'
    for folder in folders:
        command = [sys.executable, '-u', str(tool), str(config), '--work-dir', str(folder)]
        process = start(command, env)
        assert process.stdout is not None
        said = process.stdout.read()
        if process.wait():
            raise SystemExit(said)


def cpu_of_children() -> float:
    """CPU seconds of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(argv: Sequence[str] | None = None) -> float:
    """Ratio of CPU times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=40)
    parser.add_argument('--stages', type=int, default=6)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        env = prepare(root, args.images)
        cpu = [cpu_of_children()]
        for way in ('fresh', 'warm'):
            folders = [root / way / str(number) for number in range(args.stages)]
            with WarmStarts() as warm:
                run(warm.start if way == 'warm' else start_process, folders, env)
            cpu.append(cpu_of_children())
        masks = [sorted((root / way).rglob('*.png')) for way in ('fresh', 'warm')]
        if len(masks[0]) != args.stages * args.images or any(
            a.read_bytes() != b.read_bytes() for a, b in zip(*masks, strict=True)
        ):
            raise SystemExit('the masks differ')
    fresh, warm_cpu = cpu[1] - cpu[0], cpu[2] - cpu[1]
    print(f'{args.stages} stages of {args.images} photos, {load()}')
    print(f'fresh {fresh:8.2f} CPU s\nwarm  {warm_cpu:8.2f} CPU s')
    print(f'{fresh / warm_cpu:.2f} times, masks equal')
    return fresh / warm_cpu


if __name__ == '__main__':
    main()
