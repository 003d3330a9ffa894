"""What COCO's size costs: everything around the pixels, at a sixteenth, a quarter and all of it.

The list is COCO 2014's training photos (82,783 with the untagged ones) and its tags are those of
the package; photos, masks and scores are tiny and few, each of many names is a link to one of
them, so what is left is what grows with the number of files:

- ``data set``: from the list and the folder to a data set, and the memory that it takes here and
  in a worker of the loader;
- ``stage``: a refining stage by its command, from scores to masks, scoring included; ``rest`` is
  the same command for the last 512 photos of a store that another run has filled;
- ``resume``: which photos a store lacks; ``score``: mIoU of all masks; ``report``, ``dry run``: the
  commands.

Each is measured in a process of its own. Growth is linear where the last column is near the ratio
of the numbers of photos, or below it.
"""

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.timing import load
from mmwsss.datasets import COCOTaggedDataset
from mmwsss.datasets.coco import LISTS
from mmwsss.datasets.listing import read_ids
from mmwsss.stores import StoreMeta, create_store, open_store
from mmwsss.stores.hashing import hash_list
from mmwsss.structures import Seeds

ROOT = Path(__file__).parents[1]
KINDS = 32  # different photos, masks and scores
LEFT = 512  # photos that a filled store lacks
SIDE = 24


def train_ids() -> list[str]:
    """All ids of COCO 2014's training photos, sorted."""
    untagged = read_ids(LISTS / 'train_no_label.txt')
    return sorted([*COCOTaggedDataset.shipped_tags('train'), *untagged])


def link_files(contents: Sequence[bytes], targets: Sequence[Path]) -> None:
    """Write each content once, and give it the names of every so many targets."""
    count = len(contents)
    for index, target in enumerate(targets):
        if index < count:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[index])
        else:
            os.link(targets[index % count], target)


def prepare(folder: Path, ids: Sequence[str]) -> None:
    """COCO's layout with a list, and a store of scores, in a folder."""
    rng = np.random.default_rng(0)
    sample = folder / 'sample'
    folder.mkdir(parents=True)

    def encoded(pixels: np.ndarray, suffix: str) -> bytes:
        path = sample.with_suffix(suffix)
        Image.fromarray(pixels).save(path)
        return path.read_bytes()

    photos = [
        encoded(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8), '.jpg') for _ in range(KINDS)
    ]
    masks = [encoded(rng.integers(0, 81, (SIDE, SIDE), np.uint8), '.png') for _ in range(KINDS)]
    names = [f'train2014/COCO_train2014_{id}' for id in ids]
    link_files(photos, [folder / f'{name}.jpg' for name in names])
    link_files(masks, [folder / 'masks' / f'{name}.png' for name in names])
    (folder / 'list.txt').write_text('\n'.join(ids) + '\n')
    classes = tuple(COCOTaggedDataset.METAINFO['classes'][1:])
    scores = create_store(folder / 'scores', StoreMeta('scores', classes, hash_list(ids), stride=4))
    seeds = [
        scores.encode(Seeds([k, k + 40], rng.random((2, SIDE, SIDE)), size=(SIDE, SIDE)))
        for k in range(KINDS)
    ]
    link_files(seeds, [scores.path(id) for id in ids])


def private_mib(process: int | str = 'self') -> float:
    """Memory of a process that it shares with no other, in MiB (Linux)."""
    lines = Path(f'/proc/{process}/smaps_rollup').read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith('Private_')) / 1024


def options(folder: Path) -> dict[str, Any]:
    """Arguments of the data set of a folder."""
    prefix = dict(img_path='train2014', seg_map_path='masks/train2014')
    return dict(
        data_root=str(folder), ann_file=str(folder / 'list.txt'), data_prefix=prefix, test_mode=True
    )


def measure_data_set(folder: Path) -> dict[str, float]:
    """Time of building it, its memory, and that of a worker which has served 256 photos."""
    from torch.utils.data import DataLoader

    steps = [dict(type='LoadImage'), dict(type='PackTagged')]
    COCOTaggedDataset(**options(folder.parent / 'warm'), pipeline=steps)
    gc.collect()
    before, start = private_mib(), time.process_time()
    dataset = COCOTaggedDataset(**options(folder), pipeline=steps)
    seconds = time.process_time() - start
    gc.collect()
    parent = private_mib() - before
    loader = DataLoader(dataset, num_workers=2, collate_fn=list, batch_size=8)
    iterator = iter(loader)
    for _ in range(min(32, len(loader) - 8)):
        next(iterator)
    worker = max(private_mib(worker.pid) for worker in iterator._workers)
    return {'data set': seconds, 'data set, MiB': parent, 'a worker, MiB': worker}


def measure_resume(folder: Path) -> dict[str, float]:
    """Time until it is known which masks are missing."""
    ids = read_ids(folder / 'list.txt')
    start = time.process_time()
    if open_store(folder / 'run' / 'masks', 'masks').pending(ids):
        raise SystemExit('masks are missing')
    return {'resume': time.process_time() - start}


def measure_score(folder: Path) -> dict[str, float]:
    """Time of mIoU of all masks in one process, the data set not included."""
    from mmengine.evaluator import Evaluator

    from mmwsss.engine.store_evaluation import evaluate_store
    from mmwsss.evaluation import MaskMetric

    dataset = COCOTaggedDataset(**options(folder))
    store = open_store(folder / 'run' / 'masks', 'masks')
    start = time.process_time()
    evaluate_store(store, dataset, Evaluator(MaskMetric()), folder / 'run')
    return {'score': time.process_time() - start}


MEASURES: dict[str, Callable[[Path], dict[str, float]]] = {
    'data_set': measure_data_set,
    'resume': measure_resume,
    'score': measure_score,
}


def environment(folder: Path) -> dict[str, str]:
    """Of commands on a prepared folder."""
    own = {'DATA': 'coco', 'COCO_ROOT': str(folder), 'SCORE_STORE': str(folder / 'scores')}
    return {**os.environ, **own}


def run(name: str, command: Sequence[str | Path], folder: Path) -> dict[str, float]:
    """CPU and wall seconds of a command and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f'{name} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}')
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {name: cpu, f'{name}, wall': wall}


def in_own_process(name: str, folder: Path) -> dict[str, float]:
    """A part of :data:`MEASURES` in a new process."""
    command = ['-m', 'benchmarks.coco_scale', '--measure', name, '--folder', str(folder)]
    found = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        raise SystemExit(f'{name} failed:\n{found.stderr[-2000:]}')
    rows: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return rows


def measure(folder: Path, workers: int) -> dict[str, float]:
    """All rows for a prepared folder."""
    config = ROOT / 'configs' / 'refine' / 'threshold.py'
    photos = options(folder)
    keys = {'ann_file': photos['ann_file'], 'split': None}
    keys |= {f'data_prefix.{key}': value for key, value in photos['data_prefix'].items()}
    keys = {f'test_dataloader.dataset.{key}': value for key, value in keys.items()}
    changes = [f'{key}={value}' for key, value in keys.items()]
    stage = [
        *('tools/test.py', config, '--work-dir', folder / 'run', '--cfg-options', *changes),
        f'test_dataloader.num_workers={workers}',
    ]
    recipe = folder / 'recipe.py'
    only = dict(name='masks', config='mmwsss::refine/threshold.py', action='test', cfg_options=keys)
    recipe.write_text(f"data = 'coco'\nrecipe = [{only!r}]\n")
    masks = folder / 'run' / 'masks'
    rows = {}
    for name in MEASURES:
        if name == 'resume':
            rows |= run('stage', stage, folder)
            store = open_store(masks, 'masks')
            for id in read_ids(folder / 'list.txt')[-LEFT:]:
                store.path(id).unlink()
            rows |= run('rest', stage, folder)
        rows |= in_own_process(name, folder)
    report = ['tools/analysis_tools/make_report.py', config, folder / 'report.html', '--masks']
    rows |= run('report', [*report, masks, '--cfg-options', *changes], folder)
    plan = ['tools/pipeline.py', recipe, '--dry-run', '--work-dir', folder / 'plan']
    return rows | run('dry run', plan, folder)


def main(argv: Sequence[str] | None = None) -> dict[str, list[float]]:
    """A table with a column for each size; the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--parts', type=int, nargs='+', default=(16, 4, 1), help='of the list')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--measure', choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument('--folder', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.measure:
        print(json.dumps(MEASURES[args.measure](args.folder)))
        return {}
    ids = train_ids()
    columns, counts = [], []
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder, 'warm'), ids[:100])
        for part in args.parts:
            chosen = ids[::part]
            start = time.perf_counter()
            prepare(Path(folder, str(part)), chosen)
            columns.append(measure(Path(folder, str(part)), args.workers))
            counts.append(len(chosen))
            print(json.dumps(columns[-1]))  # kept if a long run is broken off
            print(
                f'{len(chosen)} photos: {time.perf_counter() - start:.0f} s, {load()}', flush=True
            )
    rows = {name: [column[name] for column in columns] for name in columns[0]}
    last = counts[-1] / counts[-2] if len(counts) > 1 else 1.0
    print('| |', ' | '.join(map(str, counts)), f'| last two (photos: {last:.1f}) |')
    print('| --- |' + ' --- |' * (len(counts) + 1))
    for name, values in rows.items():
        growth = f'{values[-1] / values[-2]:.1f}' if len(values) > 1 and values[-2] > 0 else ''
        print(f'| {name} |', ' | '.join(f'{value:.2f}' for value in values), f'| {growth} |')
    return rows


if __name__ == '__main__':
    main()
