"""Photos a second and core that a training pipeline gives, beside what a large GPU takes.

The same photos go through the same pipeline with the same draws, with Pillow and with what is
quicker: simplejpeg where it is installed, colour jitter by OpenCV, crops that count classes by
bins. Decoders and crops give equal samples; by how much the jitters differ is printed.

What a GPU takes is reckoned, not measured: forward and backward are three times the operations of
the forward pass (tools/analysis_tools/get_flops.py), of which an H100 does 200 TFLOP a second,
two fifths of its TF32 peak.
"""

import argparse
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from PIL import Image

import mmwsss.datasets.transforms  # noqa: F401  (fills the registry)
from benchmarks.timing import Times, call, load
from mmwsss.config import read_config
from mmwsss.datasets.io import read_image
from mmwsss.datasets.seeding import seeded
from mmwsss.registry import TRANSFORMS

GPU_FLOPS = 200e12  # a second
CONFIGS = Path(__file__).parents[1] / 'configs' / '_base_' / 'datasets'
#: Data set's base, network and FLOPs of its forward pass on one crop.
PIPELINES = {
    'CAM, S2C (256)': ('voc.py', 'ResNet-38d', 262.8e9),
    'segmentor (512)': ('voc_masks.py', 'ResNet-50', 64.9e9),
}


def write_photos(folder: Path, count: int, size: tuple[int, int]) -> list[dict[str, Any]]:
    """Photos (JPEG, about VOC's 100 kB) with masks of 21 classes (PNG), as infos of a data set.

    Args:
        folder: Where to.
        count: How many.
        size: Height and width.
    """
    rng = np.random.default_rng(0)
    height, width = size
    infos = []
    for index in range(count):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((width, height), 3), float)
        pixels = np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
        paths = [str(folder / f'{index}{suffix}') for suffix in ('.jpg', '.png')]
        Image.fromarray(pixels).save(paths[0], quality=90)
        blocks = rng.integers(0, 21, (-(-height // 50), -(-width // 50)), dtype=np.uint8)
        Image.fromarray(np.kron(blocks, np.ones((50, 50), np.uint8))[:height, :width]).save(
            paths[1]
        )
        infos.append(
            dict(
                img_id=str(index),
                img_path=paths[0],
                seg_map_path=paths[1],
                gt_label=np.zeros(20, np.float32),
            )
        )
    return infos


def real_photos(folder: Path, count: int) -> list[dict[str, Any]]:
    """Photos of a folder in VOC's layout that have a mask, as infos of a data set."""
    masks = sorted((folder / 'SegmentationClass').glob('*.png'))[:count]
    if not masks:
        raise SystemExit(
            f'{folder}: no masks SegmentationClass/*.png; the folder of VOC is expected'
        )
    return [
        dict(
            img_id=mask.stem,
            img_path=str(folder / 'JPEGImages' / f'{mask.stem}.jpg'),
            seg_map_path=str(mask),
            gt_label=np.zeros(20, np.float32),
        )
        for mask in masks
    ]


def pipeline(config: str, changes: dict[str, dict[str, Any]]) -> Compose:
    """The training pipeline of a data set's base, some steps with other options.

    Args:
        config: Name of the file.
        changes: By the type of the step.
    """
    cfg = read_config(CONFIGS / config)
    steps = [{**step, **changes.get(step['type'], {})} for step in cfg.train_pipeline]
    return Compose([TRANSFORMS.build(step) for step in steps])


def run(steps: Compose, infos: Sequence[dict[str, Any]]) -> list[np.ndarray]:
    """Samples of all photos, drawn by their position."""
    found = []
    for index, info in enumerate(infos):
        with seeded(0, 0, index):
            found.append(steps(dict(info))['inputs'].numpy())
    return found


def compare(first: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> str:
    """In words, by how much samples differ."""
    off = np.concatenate(
        [np.abs(a.astype(np.int16) - b).ravel() for a, b in zip(first, other, strict=True)]
    )
    if not off.any():
        return 'equal'
    return f'{off.mean():.2f} levels off on average, {(off > 8).mean():.2%} by more than 8'


def time_reading(infos: Sequence[dict[str, Any]], fast: bool) -> float:
    """Read all photos with each decoder; the ratio of CPU times, 1 without simplejpeg."""
    found: dict[str, tuple[list[np.ndarray], Times]] = {}
    for decoder in ('pillow', 'simplejpeg') if fast else ('pillow',):
        read_image(infos[0]['img_path'], decoder=decoder)
        found[decoder] = call(
            lambda d=decoder: [read_image(info['img_path'], decoder=d) for info in infos]
        )
    first, *others = found.values()
    for name, (photos, times) in found.items():
        rate = len(infos) / max(times.cpu, 1e-9)
        print(f'reading by {name:15} {times} {rate:6.0f} photos/s; {compare(first[0], photos)}')
    return first[1].cpu / max(others[-1][1].cpu, 1e-9) if others else 1.0


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Photos a second of the quickest way against the first, for each pipeline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=200)
    parser.add_argument('--size', type=int, nargs=2, default=(375, 500), help='of the photos')
    parser.add_argument('--voc', type=Path, help='take photos and masks of this folder of VOC')
    args = parser.parse_args(argv)
    fast = find_spec('simplejpeg') is not None
    if not fast:
        print("simplejpeg is not installed (pip install 'mmwsss[jpeg]'): Pillow everywhere")
    decoder = dict(decoder='fastest')
    ways = {
        'voc.py': {
            'Pillow': {},
            'simplejpeg': dict(LoadImage=decoder),
            'jitter by OpenCV': dict(ColorJitter=dict(backend='opencv')),
            'both': dict(LoadImage=decoder, ColorJitter=dict(backend='opencv')),
        },
        'voc_masks.py': {
            'Pillow, mmseg.RandomCrop': dict(RandomCrop=dict(type='mmseg.RandomCrop')),
            'RandomCrop': {},
            'RandomCrop and simplejpeg': dict(LoadImage=decoder),
        },
    }
    ratios = {}
    with tempfile.TemporaryDirectory() as folder:
        if args.voc:
            infos = real_photos(args.voc, args.images)
        else:
            infos = write_photos(Path(folder), args.images, tuple(args.size))
        weight = np.mean([Path(info['img_path']).stat().st_size for info in infos]) / 1024
        print(f'{len(infos)} photos of {weight:.0f} kB, {load()}')
        ratios['reading'] = time_reading(infos, fast)
        for name, (config, network, flops) in PIPELINES.items():
            demand = GPU_FLOPS / (3 * flops)
            print(f'\n{name}: an H100 would take {demand:.0f} photos/s with {network} (reckoned)')
            first: list[np.ndarray] = []
            rates: list[float] = []
            for way, changes in ways[config].items():
                if 'simplejpeg' in way and not fast:
                    continue
                steps = pipeline(config, changes)
                run(steps, infos[:10])  # imports, file cache
                samples, times = call(run, steps, infos)
                rates.append(len(infos) / max(times.cpu, 1e-9))
                first = first or samples
                _print(way, times, rates, demand, compare(first, samples))
            ratios[name] = rates[-1] / rates[0]
    return ratios


def _print(way: str, times: Times, rates: list[float], demand: float, differs: str) -> None:
    print(
        f'{way:26} {times} {rates[-1]:6.0f} photos/s and core, {rates[-1] / rates[0]:.2f} times, '
        f'{demand / rates[-1]:4.1f} cores; {differs}'
    )


if __name__ == '__main__':
    main()
