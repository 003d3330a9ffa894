import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.local_crops import certainty, cut_crops, draw_corners, shows_object


def test_certainty_at_its_limits():
    scores = torch.tensor([0.25, 0.26, 0.69, 0.7]).view(1, 1, 2, 2)
    assert certainty(scores, torch.ones(1, 1)).flatten().tolist() == [0, 1, 1, 2]
    assert certainty(scores, torch.zeros(1, 1)).sum() == 0


@settings(deadline=None)
@given(st.integers(9, 14), st.integers(9, 14), st.integers(1, 9), st.integers(0, 5))
def test_corners(height, width, number, seed):
    roi = torch.randint(0, 3, (2, height, width), generator=torch.Generator().manual_seed(seed))
    corners = draw_corners(roi, 6, number)
    assert corners.shape == (2, number, 2)
    crops = cut_crops(roi, corners, 6)
    assert crops.shape == (number, 2, 6, 6)
    for image in range(2):
        allowed = (roi[image, 3 : height - 3, 3 : width - 3] <= 1).sum()
        if allowed >= number:
            assert (crops[:, image, 3, 3] <= 1).all()
        assert len(set(map(tuple, corners[image].tolist()))) == number


def test_an_object_everywhere():
    assert draw_corners(torch.full((1, 9, 9), 2), 6, 9).shape == (1, 9, 2)


def test_too_small():
    with pytest.raises(ValueError, match='8 x 8 pixels have 4 places for crops of 6.* at least 5'):
        draw_corners(torch.zeros(1, 8, 8), 6, 5)


def test_shows_object():
    roi = torch.zeros(1, 4, 4, dtype=torch.uint8)
    roi[0, :2, :2] = 2  # counts double
    corners = torch.tensor([[[0, 0], [1, 1], [2, 2]]])
    assert shows_object(roi, corners, 2, ratio=0.5).tolist() == [[True, False, False]]
    assert shows_object(roi, corners, 2, ratio=0.4).tolist() == [[True, True, False]]
