import numpy as np
import pytest

from mmwsss.refiners import Threshold
from mmwsss.structures import Seeds

IMAGE = np.zeros((1, 2, 3), np.uint8)


def test_labels():
    seeds = Seeds([4], [[[0.3, 0.9]]])
    assert Threshold(0.3)(IMAGE, seeds).tolist() == [[0, 5]]
    stored = Seeds([4], [[[0.3, 0.9]]], background=[[0.2, 0.95]])
    assert Threshold(None)(IMAGE, stored).tolist() == [[5, 0]]
    assert Threshold(None)(IMAGE, Seeds([], np.zeros((0, 1, 2)))).tolist() == [[0, 0]]


def test_protocol_and_range():
    assert Threshold(0.3, tuned_on_masks=True).protocol() == {
        'type': 'Threshold',
        'background': 0.3,
        'threshold_tuned_on_masks': True,
    }
    with pytest.raises(ValueError, match=r'lie in \[0, 1\] or be None, found 1.5'):
        Threshold(1.5)
    with pytest.raises(ValueError, match='no background map'):
        Threshold(None)(IMAGE, Seeds([4], [[[0.3, 0.9]]]))


def test_background_of_an_exponent():
    seeds = Seeds([0, 4], [[[0.3, 0.6]], [[0.1, 0.2]]])
    assert Threshold(None, alpha=1)(IMAGE, seeds).tolist() == [[0, 1]]
    assert Threshold(None, alpha=4)(IMAGE, seeds).tolist() == [[1, 1]]
    tie = Seeds([0], [[[0.5, 0.5]]])
    assert Threshold(None, alpha=1)(IMAGE, tie).tolist() == [[0, 0]], 'the background wins ties'


def test_unsure_pixels_are_undecided():
    seeds = Seeds([4], [[[0.3, 0.96]]], background=[[0.7, 0.04]])
    assert Threshold(None, confidence=0.95)(IMAGE, seeds).tolist() == [[255, 5]]
    assert Threshold(None, confidence=0.7)(IMAGE, seeds).tolist() == [[0, 5]]
    assert Threshold(None, confidence=0.7).protocol()['confidence'] == 0.7
    with pytest.raises(ValueError, match='go with background=None, found 0.3'):
        Threshold(confidence=0.95)
    with pytest.raises(ValueError, match='alpha must be positive'):
        Threshold(None, alpha=0)
