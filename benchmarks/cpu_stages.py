"""PAR and AffinityNet's random walk without a GPU: in the main process, or in the loader's workers.

Both are whole test loops over the same photos, less the writing. The clock on the wall counts here,
as the work is the same and shared out; results have to be equal. Each way is run twice, in turns.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.model import BaseModel
from torch.utils.data import DataLoader, Dataset

import mmwsss.engine  # noqa: F401  (mmseg imports without compiled operators after it)
from benchmarks.loaders import write_photos
from benchmarks.timing import Times, call, load
from mmwsss.config import read_config
from mmwsss.datasets.transforms import LoadImage, PackTagged
from mmwsss.engine.loops.pending import PendingDataset, collate_pending
from mmwsss.registry import MODELS
from mmwsss.structures import Seeds

NETWORK = Path(__file__).parents[1] / 'configs' / '_base_' / 'models' / 'affinitynet_lite0.py'


class Photos(Dataset):
    """Packed photos with seeds of two classes, as ``LoadSeeds`` gives them.

    Args:
        infos: As of a tagged data set.
        size: Height and width.
    """

    def __init__(self, infos: Sequence[dict[str, Any]], size: tuple[int, int]) -> None:
        self.infos, self.size = infos, size
        self.ids = [info['img_id'] for info in infos]
        self.pipeline = Compose([LoadImage(), PackTagged()])

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = self.pipeline(dict(self.infos[index]))
        maps = np.random.RandomState(index).rand(2, self.size[0] // 4, self.size[1] // 4)
        sample['data_samples'].seeds = Seeds([3, 7], maps, size=self.size)
        return sample


def models() -> dict[str, BaseModel]:
    """A refiner and an affinity network with random weights."""
    torch.manual_seed(0)
    network = read_config(NETWORK).model
    par = dict(type='RefineModel', refiner=dict(type='PAR', background=0.25))
    return {'PAR': MODELS.build(par), 'AffinityNet': MODELS.build(network).eval()}


def run(model: BaseModel, photos: Photos, workers: int, *, shared_out: bool) -> list[np.ndarray]:
    """Scores of all photos.

    Args:
        model: Of :func:`models`.
        photos: The photos.
        workers: Processes of the loader.
        shared_out: Whether they do the model's part.
    """
    in_workers = model.store_output().in_workers if shared_out else None
    pending = PendingDataset(photos, range(len(photos.infos)), in_workers)
    loader = DataLoader(pending, num_workers=workers, collate_fn=collate_pending)
    with torch.no_grad():
        return [model.test_step(batch.data)[0].seeds.scores for batch in loader]


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Ratio of wall times for each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=40)
    parser.add_argument('--size', type=int, nargs=2, default=(375, 500), help='of the photos')
    parser.add_argument('--workers', type=int, default=2)
    args = parser.parse_args(argv)
    size = tuple(args.size)
    ratios = {}
    with tempfile.TemporaryDirectory() as folder:
        photos = Photos(write_photos(Path(folder), args.images, size), size)
        print(f'{args.images} photos of {size[0]}x{size[1]}, {args.workers} workers, {load()}')
        for name, model in models().items():
            totals = {False: Times(), True: Times()}
            first: list[np.ndarray] = []
            for shared_out in (False, True, False, True):
                scores, times = call(
                    lambda m=model, s=shared_out: run(m, photos, args.workers, shared_out=s)
                )
                totals[shared_out].wall += times.wall
                totals[shared_out].cpu += times.cpu
                first = first or scores
                if not all(map(np.array_equal, first, scores)):
                    raise SystemExit(f'{name}: the scores differ')
            for shared_out, where in ((False, 'main process'), (True, 'workers')):
                print(f'{name:12} {where:12} {totals[shared_out]}')
            ratios[name] = totals[False].wall / totals[True].wall
            print(f'{name}: {ratios[name]:.2f} times, scores equal')
    return ratios


if __name__ == '__main__':
    main()
