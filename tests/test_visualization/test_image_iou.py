import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.visualization.image_iou import image_iou


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_equals_the_definition(seed):
    rng = np.random.default_rng(seed)
    truth = rng.choice([0, 1, 2, 3, 255], (6, 7)).astype(np.uint8)
    found = rng.choice([0, 1, 2, 3, 255], (6, 7)).astype(np.uint8)
    counted = truth != 255
    values = []
    for k in range(5):
        both = ((truth == k) & (found == k) & counted).sum()
        either = (((truth == k) | (found == k)) & counted).sum()
        if either:
            values.append(both / either)
    assert image_iou(found, truth, 5) == pytest.approx(100 * np.mean(values))
    assert image_iou(truth, truth, 5) == 100


def test_nothing_counts():
    assert math.isnan(image_iou(np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8), 3))


def test_other_sizes():
    with pytest.raises(ValueError, match=r'\(2, 2\), the mask \(3, 3\)'):
        image_iou(np.zeros((2, 2), np.uint8), np.zeros((3, 3), np.uint8), 3)
