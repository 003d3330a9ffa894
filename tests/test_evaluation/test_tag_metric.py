import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import AveragePrecision
from mmseg.structures import SegDataSample

from mmwsss.evaluation.tag_metric import average_precision
from mmwsss.registry import METRICS

CLASSES = ('background', 'cat', 'dog', 'cow')


def definition(scores, labels):
    """Area under the steps, one threshold after the other."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        chosen = scores >= threshold
        recall = labels[chosen].sum() / labels.sum()
        total += (recall - before) * labels[chosen].mean()
        before = recall
    return total


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), count=st.integers(1, 12), levels=st.integers(1, 6))
def test_equals_the_definition_with_ties(seed, count, levels):
    rng = np.random.RandomState(seed)
    scores = rng.randint(0, levels, (count, 3)) / levels
    labels = rng.rand(count, 3) < 0.5
    got = average_precision(scores, labels)
    for k in range(3):
        if labels[:, k].any():
            assert got[k] == pytest.approx(definition(scores[:, k], labels[:, k]))
        else:
            assert np.isnan(got[k])


def test_equals_mmpretrain_without_ties():
    rng = np.random.RandomState(0)
    scores, labels = rng.permutation(60).reshape(20, 3) / 60, rng.rand(20, 3) < 0.4
    theirs = AveragePrecision.calculate(torch.tensor(scores), torch.tensor(labels).float())
    assert 100 * average_precision(scores, labels).mean() == pytest.approx(float(theirs), abs=1e-4)


def evaluate(pairs):
    evaluator = Evaluator(METRICS.build(dict(type='TagMetric')))
    evaluator.dataset_meta = {'classes': CLASSES}
    for index, (scores, labels) in enumerate(pairs):
        sample = SegDataSample(metainfo={'img_id': str(index)})
        sample.set_field(torch.tensor(scores), 'tag_scores')
        sample.gt_label = torch.tensor(labels, dtype=torch.float32)
        evaluator.process([sample])
    return evaluator.evaluate(len(pairs))


def test_metric_names_classes_without_images(logged):
    metrics = evaluate([([0.9, 0.1, 0.5], [1, 0, 0]), ([0.2, 0.3, 0.6], [1, 1, 0])])
    assert metrics == {'tags/mAP': pytest.approx(100)}
    assert 'classes that no image has: cow' in logged[-1]


def test_bad_samples_are_named():
    with pytest.raises(ValueError, match=r'TagMetric: 0: tag_scores .* shape \(3,\)'):
        evaluate([([0.9], [1, 0, 0])])
    with pytest.raises(ValueError, match='without NaN'):
        evaluate([([float('nan'), 0.0, 0.0], [1, 0, 0])])
