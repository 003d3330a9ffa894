import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.refiners import CentrePrior
from mmwsss.structures import Seeds


def mask(classes, size=(60, 80), **options):
    seeds = Seeds(classes, np.random.rand(len(classes), 3, 4), size=size)
    return CentrePrior(**options)(np.zeros((*size, 3), np.uint8), seeds)


@settings(max_examples=25, deadline=None)
@given(
    area=st.floats(0, 0.78),
    shape=st.sampled_from(['ellipse', 'rectangle']),
    height=st.integers(20, 90),
    width=st.integers(20, 90),
)
def test_area_and_symmetry(area, shape, height, width):
    labels = mask([6], (height, width), area=area, shape=shape)
    assert labels.dtype == np.uint8 and set(np.unique(labels)) <= {0, 7}
    assert abs((labels > 0).mean() - area) < 2 * (1 / height + 1 / width)
    np.testing.assert_array_equal(labels, labels[::-1, ::-1])


def test_classes_share_it_in_equal_bands():
    labels = mask([2, 5, 9], area=0.5, shape='rectangle')
    counts = [(labels == k).sum() for k in (3, 6, 10)]
    assert max(counts) < 1.1 * min(counts)
    assert (np.diff(labels[30][labels[30] > 0].astype(int)) >= 0).all()


def test_background_alone():
    assert not mask([3], area=0).any()
    assert not mask([]).any()


def test_bad_options():
    with pytest.raises(ValueError, match=r'area of an ellipse must lie in \[0, 0.785\], found 0.9'):
        CentrePrior(0.9)
    with pytest.raises(ValueError, match="shape must be .* found 'disc'"):
        CentrePrior(shape='disc')
    assert CentrePrior(0.2).protocol()['area'] == 0.2
