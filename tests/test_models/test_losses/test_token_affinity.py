"""``TokenAffinityLoss``."""

import pytest
import torch

from mmwsss.models import TokenAffinityLoss
from mmwsss.models.losses.token_affinity import near_pairs


def test_pairs_are_those_of_a_square():
    near = near_pairs((3, 4), 1)
    assert near[0].unflatten(0, (3, 4)).int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0] * 4]
    assert near.equal(near.T) and near.diagonal().all()


def test_by_hand():
    """Labels at 1/2 are those of the top left pixels; one place is left out."""
    label = torch.tensor([[[0, 9, 1, 9], [9, 9, 9, 9], [0, 9, 255, 9], [9, 9, 9, 9]]])
    affinity = torch.full((1, 4, 4), 0.25)
    # Places 0, 1 and 2 with labels 0, 1 and 0: 5 equal pairs in both orders, 4 different ones.
    expected = (5 * 0.75 / 6 + 4 * 0.25 / 5) / 2
    assert TokenAffinityLoss()(affinity, label, (2, 2)).item() == pytest.approx(expected)


def test_one_label_alone_is_finite():
    affinity = torch.full((2, 4, 4), 0.5, requires_grad=True)
    loss = TokenAffinityLoss(radius=1)(affinity, torch.zeros(2, 8, 8), (2, 2))
    loss.backward()
    assert loss.isfinite() and affinity.grad.isfinite().all()
    with pytest.raises(ValueError, match='radius is at least 0'):
        TokenAffinityLoss(radius=-1)
