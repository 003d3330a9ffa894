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
