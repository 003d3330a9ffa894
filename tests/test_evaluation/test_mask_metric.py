import csv

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample

from mmwsss.evaluation import MaskMetric
from mmwsss.registry import METRICS

CLASSES = ('background', 'cat', 'dog')


def sample(pred, gt, name='x'):
    result = SegDataSample(metainfo={'img_id': name, 'img_path': f'{name}.jpg'})
    result.pred_sem_seg = PixelData(data=torch.as_tensor(np.asarray(pred))[None])
    result.gt_sem_seg = PixelData(data=torch.as_tensor(np.asarray(gt))[None])
    return result


def evaluate(samples, metric=None, **options):
    metric = metric or METRICS.build(dict(type='MaskMetric', **options))
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = {'classes': CLASSES}
    for one in samples:
        evaluator.process([one])
    return evaluator.evaluate(len(samples))


def test_equals_mmseg():
    rng = np.random.RandomState(0)
    samples = [
        sample(rng.randint(0, 3, (9, 8)), rng.choice([0, 1, 2, 255], (9, 8))) for _ in range(5)
    ]
    ours, theirs = evaluate(samples), evaluate(samples, IoUMetric())
    for name in ('mIoU', 'mAcc', 'aAcc'):
        assert ours[f'masks/{name}'] == pytest.approx(float(theirs[name]), abs=0.006)  # it rounds


@pytest.mark.parametrize(
    ('undecided', 'iou'),
    [
        ('error', [1 / 2, 1 / 3, 1 / 1]),
        ('background', [2 / 4, 1 / 3, 1 / 1]),
        ('left out', [1 / 1, 1 / 1, 1 / 1]),
    ],
)
def test_what_an_undecided_pixel_counts_as(undecided, iou, logged):
    pred = [[0, 1, 2, 255, 255, 255, 255]]
    truth = [[0, 1, 2, 1, 1, 0, 255]]
    metrics = evaluate([sample(pred, truth)], undecided=undecided)
    assert metrics['masks/mIoU'] == pytest.approx(100 * np.mean(iou))
    assert metrics['masks/undecided'] == pytest.approx(50)
    assert f'undecided: 50.00 % of the pixels, as {undecided}' in logged[-1]


def test_absent_classes():
    samples = [sample([[0, 1]], [[0, 0]])]
    assert evaluate(samples)['masks/mIoU'] == pytest.approx(25)
    assert evaluate(samples, absent='zero')['masks/mIoU'] == pytest.approx(50 / 3)
    assert evaluate(samples, absent='present')['masks/mIoU'] == pytest.approx(50)


def test_bad_input():
    with pytest.raises(ValueError, match=r'MaskMetric: a/b: prediction \(1, 2\) and ground truth'):
        evaluate([sample([[0, 1]], [[0]], 'a/b')])
    with pytest.raises(ValueError, match=r'MaskMetric: x: labels must be .* prediction \[7\]'):
        evaluate([sample([[7]], [[0]])])
    with pytest.raises(ValueError, match="undecided must be .* found 'drop'"):
        MaskMetric(undecided='drop')
    with pytest.raises(ValueError, match='absent must be'):
        MaskMetric(absent='drop')


@pytest.mark.parametrize(
    ('undecided', 'accuracy'), [('error', 50), ('background', 75), ('left out', 200 / 3)]
)
def test_tables(undecided, accuracy, tmp_path):
    images = [sample([[0, 1, 255, 1]], [[0, 1, 0, 2]], 'a'), sample([[2, 2]], [[2, 255]], 'b')]
    metrics = evaluate(images, undecided=undecided, out_dir=str(tmp_path))
    rows = list(csv.DictReader((tmp_path / 'images.csv').open()))
    assert [row['image'] for row in rows] == ['a', 'b']
    assert float(rows[0]['accuracy']) == pytest.approx(accuracy)
    assert rows[1]['IoU/cat'] == ''
    classes = list(csv.DictReader((tmp_path / 'classes.csv').open()))
    assert np.mean([float(row['IoU']) for row in classes]) == pytest.approx(metrics['masks/mIoU'])
    confusion = list(csv.DictReader((tmp_path / 'confusion.csv').open()))
    assert ('undecided' in confusion[0]) == (undecided == 'error')
    assert (tmp_path / 'confusion.png').stat().st_size > 1000
