"""What a store of COCO's size makes people wait for, each in two ways.

- ``resume``: the ids that are left of a full store (82,783 masks by default): reading every entry
  in one process, reading them in several, and looking at what has changed.
- ``write``: score entries written one after the other, and by threads; each is flushed to the disk
  before it gets its name, both ways.
- ``score``: mIoU at 100 thresholds in one process, and counted by workers.

Results must be equal. Wall seconds count here: the work is spread, or waits for the disk.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import Evaluator
from PIL import Image

from benchmarks.synthetic import CLASSES, image
from benchmarks.timing import Times, call, load
from mmwsss.datasets.bare import only_warnings
from mmwsss.engine.store_evaluation import evaluate_store
from mmwsss.evaluation import SeedMetric
from mmwsss.stores import Store, StoreMeta, create_store, open_store
from mmwsss.stores.background_writer import BackgroundWriter
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.verification import usable_cores


def compare(name: str, ways: dict[str, Callable[[], Any]]) -> float:
    """Time several ways, the straightforward one first; the ratio of the first and the last."""
    times: list[Times] = []
    results = []
    for way, function in ways.items():
        before = os.times()
        result, taken = call(function)
        after = os.times()
        children = sum(after[2:4]) - sum(before[2:4])
        results.append(result)
        times.append(taken)
        print(f'{name:7} {way:34} {taken}, children {children:.2f} CPU s')
        if result != results[0]:
            raise SystemExit(f'{name}: the results differ')
    ratio = times[0].wall / times[-1].wall
    print(f'{name:7} ratio {ratio:.1f} (wall), results equal')
    return ratio


def resume(folder: Path, count: int) -> float:
    """A store that is full but for its last image."""
    ids = [f'COCO_train2014_{index:012d}' for index in range(count)]
    store = create_store(folder / 'masks', StoreMeta('masks', CLASSES, hash_list(ids)))
    data = [store.encode(np.full((24, 24), index)) for index in range(len(CLASSES) + 1)]
    for index, id in enumerate(ids[:-1]):  # without flushing: here only reading is timed
        store.path(id).write_bytes(data[index % len(data)])
    os.sync()
    store.pending(ids)  # so that the entries are known, as those that a stage wrote

    def serially() -> list[str]:
        left = []
        for id in ids:
            try:
                store.decode(store.path(id))
            except FileNotFoundError:
                left.append(id)
        return left

    return compare(
        'resume',
        {
            'every entry, one process': serially,
            f'every entry, {usable_cores()} processes': lambda: [e.id for e in store.verify(ids)],
            'what has changed': lambda: open_store(folder / 'masks').pending(ids),
        },
    )


def write(folder: Path, count: int) -> float:
    """The same seeds into two stores."""
    values = [image(index)[0] for index in range(count)]
    meta = StoreMeta('scores', CLASSES, '', 4)

    def contents(store: Store) -> dict[str, bytes]:
        return {id: store.path(id).read_bytes() for id in store}

    def serially() -> Store:
        store = create_store(folder / 'serial', meta)
        for index, value in enumerate(values):
            store.write(f'{index:06d}', value)
        store.sync()
        return store

    def threads() -> Store:
        store = create_store(folder / 'threads', meta)
        with BackgroundWriter(store) as writer:
            for index, value in enumerate(values):
                writer.put(f'{index:06d}', value)
                if writer.done():
                    raise SystemExit('an entry could not be written')
            writer.drain()
        return store

    one, slow = call(serially)
    other, fast = call(threads)
    print(f'write   one after the other                {slow}\nwrite   by threads{"":25} {fast}')
    if contents(one) != contents(other):
        raise SystemExit('write: the stores differ')
    print(f'write   ratio {slow.wall / fast.wall:.1f} (wall), stores equal')
    return slow.wall / fast.wall


class _Images:
    """As much of a tagged data set as scoring needs."""

    metainfo = {'classes': ('background', *CLASSES)}

    def __init__(self, folder: Path, tags: dict[str, np.ndarray]) -> None:
        self.folder, self.ids, self.tags = folder, list(tags), tags

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Id, mask and tags of an image."""
        id = self.ids[index]
        path = str(self.folder / f'{id}.png')
        return {'img_id': id, 'seg_map_path': path, 'gt_label': self.tags[id]}


def score(folder: Path, count: int) -> float:
    """One store of scores, and masks."""
    ids = [f'{index:06d}' for index in range(count)]
    store = create_store(folder / 'scores', StoreMeta('scores', CLASSES, hash_list(ids), 4))
    tags = {}
    for index, id in enumerate(ids):
        seeds, mask = image(index)
        tags[id] = np.isin(np.arange(len(CLASSES)) + 1, mask).astype(np.int64)
        store.write(id, seeds)
        Image.fromarray(mask).save(folder / f'{id}.png')
    dataset = _Images(folder, tags)

    def run(workers: int) -> str:
        evaluator = Evaluator(SeedMetric())
        found = evaluate_store(store, dataset, evaluator, folder, workers=workers)
        return repr(found) + (folder / 'metrics.json').read_text()

    run(0)  # imports, file cache
    cores = usable_cores()
    return compare('score', {'one process': lambda: run(0), f'{cores} workers': lambda: run(cores)})


def main(argv: list[str] | None = None) -> list[float]:
    """Compare; the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--entries', type=int, default=82_783, help='of the store that is resumed')
    parser.add_argument('--images', type=int, default=400, help='that are written and scored')
    args = parser.parse_args(argv)
    print(f'{args.entries} entries, {args.images} images 375x500, {load()}')
    with tempfile.TemporaryDirectory() as folder, only_warnings():  # no tables of the metric
        return [
            resume(Path(folder), args.entries),
            write(Path(folder), args.images),
            score(Path(folder), args.images),
        ]


if __name__ == '__main__':
    main()
