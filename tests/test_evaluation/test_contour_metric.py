import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.evaluation import ContourMetric
from mmwsss.ops.contour import contour_radius
from mmwsss.registry import METRICS
from mmwsss.structures import Seeds
from tests.test_ops.test_contour import blocks, dilation_matches

CLASSES = ('background', 'cat', 'dog', 'cow')


def sample(pred, gt, name='x'):
    result = SegDataSample(metainfo={'img_id': name})
    if isinstance(pred, Seeds):
        result.seeds = pred
    else:
        result.pred_sem_seg = PixelData(data=torch.as_tensor(pred).long()[None])
    result.gt_sem_seg = PixelData(data=torch.as_tensor(gt)[None])
    return result


def evaluate(samples, **options):
    metric = METRICS.build(dict(type='ContourMetric', **options))
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = {'classes': CLASSES}
    for one in samples:
        evaluator.process([one])
    return {key.split('/')[1]: value for key, value in evaluator.evaluate(len(samples)).items()}


def random_pairs(count=4, size=(40, 50)):
    rng = np.random.RandomState(0)
    pairs = []
    for _ in range(count):
        small = blocks(rng, (8, 10), 4)
        gt = np.kron(small, np.ones((5, 5), int))[: size[0], : size[1]].astype(np.uint8)
        pred = np.roll(gt, rng.randint(-2, 3), 1)
        pairs.append((pred, gt))
    return pairs


def test_f_is_that_of_the_loop_over_images_and_classes():
    pairs = random_pairs()
    metrics = evaluate([sample(*pair, str(i)) for i, pair in enumerate(pairs)])
    total = 0
    for pred, gt in pairs:
        truth = np.where(gt == 255, 0, gt)
        total = total + dilation_matches(pred, truth, 4, contour_radius(gt.shape))
    precision, recall = total[:, 0] / total[:, 2], total[:, 1] / total[:, 3]
    f = 2 * precision * recall / (precision + recall)
    for name, expected in (('mF', f), ('mPrecision', precision), ('mRecall', recall)):
        assert metrics[name] == pytest.approx(100 * expected.mean())
    assert 0 < metrics['bIoU'] < 100


def test_boundary_iou_by_hand():
    gt = np.zeros((20, 40), np.uint8)
    gt[:, 10:30] = 1
    pred = np.roll(gt, 1, 1)
    # Bands are 2 wide: 0.05 of a diagonal of 44.7. Those of the classes overlap by 1 of 3 columns.
    assert evaluate([sample(pred, gt)], width=0.05)['bIoU'] == pytest.approx(100 / 3)
    assert evaluate([sample(gt, gt)], width=0.05)['bIoU'] == 100
    gt[:, 8:12] = 255  # around one contour nothing is scored, and it stays where it is
    expected = 100 * (1 / 3 + 1 / 4) / 2
    assert evaluate([sample(pred, gt)], width=0.05)['bIoU'] == pytest.approx(expected)


def test_absent_classes():
    gt = np.zeros((20, 20), np.uint8)
    gt[5:15, 5:15] = 1
    pred = np.roll(gt, 8, 1)
    left_out, counted = (evaluate([sample(pred, gt)], absent=a)['mF'] for a in ('nan', 'one'))
    assert counted == pytest.approx((left_out + 2 * 100) / 3)
    empty = np.zeros((20, 20), np.uint8)
    assert np.isnan(evaluate([sample(empty, empty)])['mF'])
    assert evaluate([sample(empty, empty)], absent='one')['mF'] == 100


@pytest.mark.parametrize(
    ('background', 'option'), [(None, None), (None, 0.6), (0.6, None)], ids=['sum', 'const', 'map']
)
def test_seeds(background, option):
    (pred, gt), *_ = random_pairs(1)
    gt = np.where(gt == 255, 0, gt)
    scores = np.stack([(pred == k + 1) * 0.7 for k in range(3)])
    own = None if background is None else np.full(gt.shape, background)
    seeds = Seeds(np.arange(3), scores, own)
    expected = evaluate([sample(np.where(pred == 255, 0, pred), gt)])
    got = evaluate([sample(seeds, gt)], background=option)
    assert got == pytest.approx(expected)


def test_report(caplog):
    metric = ContourMetric()
    metric.dataset_meta = {'classes': CLASSES}
    metric.process(None, [sample(*random_pairs(1)[0]).to_dict()])
    metric.evaluate(1)
    assert metric.reported['tolerance'] == 0.008
    assert metric.reported['band_width'] == 0.02


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(tolerance=0), 'shares of the diagonal between 0 and 1, found 0 and 0.02'),
        (dict(width=2), 'found 0.008 and 2'),
        (dict(background=1.5), r'background must lie in \[0, 1\] or be None, found 1.5'),
        (dict(absent='zero'), "absent must be 'nan' or 'one', found 'zero'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        ContourMetric(**options)


def test_bad_samples():
    metric = ContourMetric()
    metric.dataset_meta = {'classes': CLASSES}
    wrong = sample(np.zeros((4, 5), int), np.zeros((4, 6), int), 'photo')
    with pytest.raises(ValueError, match=r'ContourMetric: photo: .*\(4, 5\) and \(4, 6\) differ'):
        metric.process(None, [wrong.to_dict()])
    nothing = SegDataSample(metainfo={'img_id': 'photo'}, gt_sem_seg=wrong.gt_sem_seg)
    with pytest.raises(ValueError, match="photo: the sample has no 'seeds'"):
        metric.process(None, [nothing.to_dict()])
    strange = sample(np.full((4, 5), 9), np.zeros((4, 5), int), 'photo')
    with pytest.raises(ValueError, match=r'must be 0..3 or 255, found \[.*9.*\] in the pred'):
        metric.process(None, [strange.to_dict()])
