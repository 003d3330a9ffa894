import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models.stand_ins import SimulatedDetector

NAMES = ['cat', 'dog']


def sample(img_id='a'):
    mask = np.zeros((40, 60), np.int64)
    mask[4:12, 6:30], mask[20:30, 40:50], mask[0] = 1, 2, 255
    mask[20:30, 0:12] = 1
    result = SegDataSample(metainfo=dict(img_id=img_id))
    result.gt_sem_seg = PixelData(data=torch.from_numpy(mask)[None])
    return result


def find(captions, img_id='a', **errors):
    detector = SimulatedDetector(names=NAMES, **errors)
    return detector([None], [captions], [sample(img_id)])[0]


RIGHT = dict(jitter=0.0, miss=0.0, false_alarm=0.0, confusion=0.0)


def test_without_errors_it_is_right():
    cats, dogs, both = find([['cat'], ['dog'], ['dog', 'cat', 'background']], **RIGHT)
    scale = np.array([60, 40, 60, 40])
    assert sorted(np.round(cats.boxes * scale).tolist()) == [[0, 20, 12, 30], [6, 4, 30, 12]]
    np.testing.assert_allclose(dogs.boxes * scale, [[40, 20, 50, 30]], atol=1e-5)
    assert both.names.tolist() == [0, 1, 1]
    assert ((cats.scores >= 0.4) & (cats.scores < 1)).all()


def test_errors():
    assert len(find([['cat']], miss=1.0, false_alarm=0.0)[0].boxes) == 0
    alarms = find([['dog', 'cat']], miss=1.0, false_alarm=1.0)[0]
    assert alarms.names.tolist() == [0, 1]
    wrong = [find([['dog', 'cat']], str(i), **{**RIGHT, 'confusion': 1.0})[0] for i in range(20)]
    assert any(w.names.tolist() != [0, 1, 1] for w in wrong)
    moved = find([['cat']], **{**RIGHT, 'jitter': 0.2})[0].boxes
    assert (moved[:, 2:] >= moved[:, :2]).all()
    assert np.abs(moved - find([['cat']], **RIGHT)[0].boxes).max() > 0.005


def test_same_question_same_answer():
    first, second = find([['cat', 'dog']]), find([['cat', 'dog']])
    np.testing.assert_array_equal(first[0].boxes, second[0].boxes)
    other = find([['cat', 'dog']], seed=1)
    assert len(other[0].boxes) != len(first[0].boxes) or (other[0].boxes != first[0].boxes).any()


def test_bad_input():
    detector = SimulatedDetector(names=NAMES)
    with pytest.raises(ValueError, match='x/1: no mask; the simulated detector needs LoadMask'):
        detector([None], [[['cat']]], [SegDataSample(metainfo=dict(img_id='x/1'))])
    with pytest.raises(ValueError, match=r"in \[0, 1\], found \{'miss': 2\}"):
        SimulatedDetector(names=NAMES, miss=2)
    with pytest.raises(ValueError, match='jitter is at least 0'):
        SimulatedDetector(names=NAMES, jitter=-1)
    assert 'ground-truth' in detector.protocol()['detector']
