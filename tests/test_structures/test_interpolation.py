"""Our numpy bilinear resize equals torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.structures.interpolation import resize_bilinear

SIDE = st.integers(1, 23)


@settings(max_examples=40, deadline=None)
@given(source=st.tuples(SIDE, SIDE), target=st.tuples(SIDE, SIDE), maps=st.integers(0, 3))
def test_equals_torch(source, target, maps):
    values = np.random.default_rng(0).random((maps, *source), np.float32)
    found = resize_bilinear(values, target)
    assert found.shape == (maps, *target)
    if maps:
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(values)[None], size=target, mode='bilinear', align_corners=False
        )[0]
        np.testing.assert_allclose(found, expected.numpy(), atol=2e-6)


@pytest.mark.parametrize('size', [(1, 1), (7, 5)])
def test_a_constant_stays_constant(size):
    np.testing.assert_allclose(resize_bilinear(np.full((1, 3, 4), 0.25, 'f'), size), 0.25)
