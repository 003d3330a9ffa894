import csv
import json

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.evaluation import SeedMetric
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.registry import METRICS
from mmwsss.structures import Seeds

CLASSES = ('background', 'cat', 'dog', 'cow')


def sample(index, background=None, size=(8, 10)):
    """Deterministic sample; seeds are held at half the size of the image."""
    rng = np.random.RandomState(index)
    classes = np.flatnonzero(rng.rand(3) < 0.6)
    half = (size[0] // 2, size[1] // 2)
    if background is not None:
        background = np.full(half, background)
    scores = rng.randint(0, 101, (len(classes), *half)) / 100
    result = SegDataSample(metainfo={'img_id': f'{index:03d}'})
    result.seeds = Seeds(classes, scores, background, size)
    gt = rng.choice([0, 1, 2, 3, 255], size)
    result.gt_sem_seg = PixelData(data=torch.from_numpy(gt)[None])
    return result


def evaluate(samples, size=None, protocol=None, **options):
    metric = METRICS.build(dict(type='SeedMetric', **options))
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = {'classes': CLASSES, 'protocol': protocol}
    for one in samples:
        evaluator.process([one])
    return evaluator.evaluate(len(samples) if size is None else size)


def brute_force(samples, threshold, absent='nan'):
    counts = sum(
        confusion(
            one.seeds.to_mask(threshold).astype(int), one.gt_sem_seg.data[0].numpy(), len(CLASSES)
        )
        for one in samples
    )
    return 100 * scores_from_confusion(counts, absent).miou


def test_best_threshold_is_that_of_a_hundred_evaluations():
    samples = [sample(i) for i in range(7)]
    curve = [brute_force(samples, i / 100) for i in range(100)]
    metrics = evaluate(samples, early_stop=True, background=0.305)
    assert metrics['seeds/mIoU'] == pytest.approx(max(curve), abs=1e-12)
    assert metrics['seeds/threshold'] == np.argmax(curve) / 100
    assert metrics['seeds/mIoU_fixed'] == pytest.approx(brute_force(samples, 0.305), abs=1e-12)
    stop = next(i for i in range(100) if curve[i + 1] <= curve[i])
    assert metrics['seeds/threshold_early'] == stop / 100
    assert metrics['seeds/mIoU_early'] == pytest.approx(curve[stop], abs=1e-12)


def test_grid_and_absent_rule_are_options():
    samples = [sample(i) for i in range(3)]
    samples = [one for one in samples if 3 not in one.gt_sem_seg.data] or samples
    metrics = evaluate(samples, thresholds=[0.4], absent='zero', background=0.4)
    assert metrics['seeds/mIoU'] == pytest.approx(brute_force(samples, 0.4, 'zero'))
    assert metrics['seeds/mIoU_fixed'] == metrics['seeds/mIoU']


def test_a_fixed_threshold_is_not_searched():
    samples = [sample(i) for i in range(5)]
    best = evaluate(samples)['seeds/threshold']
    metrics = evaluate(samples, thresholds=[0.9], background=best)
    assert metrics['seeds/threshold'] == 0.9
    assert metrics['seeds/mIoU_fixed'] > metrics['seeds/mIoU']


def test_seeds_with_a_background_map_need_no_threshold(logged):
    samples = [sample(i, background=0.37) for i in range(5)]
    metrics = evaluate(samples)
    assert metrics['seeds/mIoU'] == pytest.approx(brute_force(samples, 0.37))
    assert 'seeds/threshold' not in metrics
    assert 'background: map of the seeds' in logged[-1]


def test_seeds_of_two_stages_are_refused():
    samples = [sample(4), sample(5, background=0.3)]
    assert all(len(one.seeds.classes) for one in samples)
    with pytest.raises(ValueError, match='1 of 2 images, e.g. 005, have seeds with a background'):
        evaluate(samples)


def test_report_and_curve(tmp_path, logged):
    samples = [sample(i) for i in range(5)]
    for suffix in ('json', 'csv'):
        protocol = {'stride': 4, 'dtype': 'float16'}
        metrics = evaluate(samples, protocol=protocol, out_file=str(tmp_path / f'curve.{suffix}'))
    text = logged[-1]
    for part in (
        f'mIoU {metrics["seeds/mIoU"]:.2f} at threshold {metrics["seeds/threshold"]:g}',
        'stride: 4',
        'dtype: float16',
        'scored: 5',
        'absent: nan',
        'best of 100 in 0..0.99, tuned on these masks',
        *CLASSES,
    ):
        assert part in text
    content = json.loads((tmp_path / 'curve.json').read_text())
    assert content['protocol']['stride'] == 4
    assert len(content['curve']) == 100
    assert max(row['mIoU'] for row in content['curve']) == metrics['seeds/mIoU']
    rows = list(csv.DictReader((tmp_path / 'curve.csv').open()))
    assert float(rows[30]['IoU/cat']) == content['curve'][30]['IoU/cat']


def test_bad_samples_are_named():
    broken = sample(1)
    broken.gt_sem_seg = PixelData(data=torch.zeros(1, 4, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match=r'SeedMetric: 001: label \(8, 10\)'):
        evaluate([broken])
    lacking = sample(2)
    del lacking.gt_sem_seg
    with pytest.raises(ValueError, match="SeedMetric: 002: the sample has no 'gt_sem_seg'"):
        evaluate([lacking])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(absent='no'), 'absent must be'),
        (dict(out_file='curve.txt'), r'must end with .json or .csv'),
        (dict(thresholds=[0.2, 0.1]), 'ascend'),
        (dict(background=-1.0), 'at least 0'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        SeedMetric(**options)


def _worker(rank, world, folder, count):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=world
    )
    # As a DistributedSampler deals them: the last rank's last image is a repetition.
    mine = [index % count for index in range(rank, -(-count // world) * world, world)]
    metrics = evaluate([sample(i) for i in mine], size=count, collect_dir=f'{folder}/parts')
    (folder / f'{rank}.json').write_text(json.dumps(metrics))
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    count = 7
    # Forked: they need not import everything again.
    mp.start_processes(_worker, (2, tmp_path, count), nprocs=2, start_method='fork')
    expected = evaluate([sample(i) for i in range(count)])
    for rank in range(2):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == expected


def test_tables_and_plots(tmp_path):
    samples = [sample(i) for i in range(5)]
    metrics = evaluate(samples, out_dir=str(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *('curve.csv', 'curve.png', 'classes.csv', 'images.csv', 'confusion.csv', 'confusion.png')
    }
    read = {
        name: list(csv.DictReader((tmp_path / f'{name}.csv').open()))
        for name in ('curve', 'classes', 'images', 'confusion')
    }
    best = max(read['curve'], key=lambda row: float(row['mIoU']))
    assert float(best['mIoU']) == pytest.approx(metrics['seeds/mIoU'])
    assert float(best['threshold']) == metrics['seeds/threshold']
    assert [row['class'] for row in read['classes']] == list(CLASSES)
    mean = np.mean([float(row['IoU']) for row in read['classes']])
    assert mean == pytest.approx(metrics['seeds/mIoU'])
    assert [row['image'] for row in read['images']] == [f'{i:03d}' for i in range(5)]
    for one, row in zip(samples, read['images'], strict=True):
        expected = brute_force([one], metrics['seeds/threshold'])
        assert float(row['mIoU']) == pytest.approx(expected)
    pixels = sum(int((one.gt_sem_seg.data < 255).sum()) for one in samples)
    rows = read['confusion']
    assert sum(int(row[name]) for row in rows for name in CLASSES) == pixels


def test_no_curve_of_seeds_with_a_background_map(tmp_path):
    evaluate([sample(i, background=0.4) for i in range(3)], out_dir=str(tmp_path))
    assert (tmp_path / 'images.csv').exists()
    assert not (tmp_path / 'curve.csv').exists()
