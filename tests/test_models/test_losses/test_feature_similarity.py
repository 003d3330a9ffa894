import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models import FeatureSimilarityLoss
from mmwsss.models.losses import feature_similarity


def plain(probs, images, mu=2.5, sigma=5.0):
    """The formula as it stands, pair by pair in one tensor."""
    n, _, h, w = probs.shape
    x, q = images.clamp(0, 1).flatten(2), probs.flatten(2)
    far = ((x[..., None] - x[:, :, None]).abs().sum(1) / 3).clamp(0, 1)
    gate = torch.tanh(mu + torch.log((far + 1e-5) / (1 - far + 1e-5)))
    y, column = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
    place = torch.stack([y, column], -1).view(-1, 2).to(probs)
    distance = torch.cdist(place, place)
    if sigma is None:
        weight = torch.full_like(distance, 1 / (h * w))
    else:
        weight = torch.exp(-0.5 * (distance / sigma) ** 2) / (2 * math.pi * sigma**2)
    unlike = (q[..., None] - q[:, :, None]).square().sum(1)
    return -(weight * unlike * gate).sum() / (n * h * w)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(1, 1), (1, 6), (5, 4), (7, 7)]),
    st.sampled_from([None, 0.8, 5.0]),
    st.floats(-1, 3),
)
def test_equals_the_formula(seed, size, sigma, mu):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 3, *size, generator=generator) * 1.2 - 0.1
    logits = torch.randn(2, 4, *size, generator=generator)
    values = []
    for loss in (FeatureSimilarityLoss(mu=mu, sigma=sigma), None):
        own = logits.clone().requires_grad_()
        probs = own.softmax(1)
        value = loss(probs, images) if loss else plain(probs, images, mu, sigma)
        value.backward()
        values.append((value.detach(), own.grad))
    for got, expected in zip(*values, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-6)


def test_rows_at_a_time_change_nothing(monkeypatch):
    probs, images = torch.randn(2, 3, 6, 5).softmax(1), torch.rand(2, 3, 6, 5)
    loss = FeatureSimilarityLoss()
    whole = loss(probs, images)
    monkeypatch.setitem(feature_similarity._PAIRS, 'cpu', 70)
    torch.testing.assert_close(loss(probs, images), whole)


def test_two_pixels():
    """Black and white, predicted apart: a reward; two of one colour, predicted apart: a loss."""
    probs = torch.eye(2).view(1, 2, 1, 2)
    black_white = torch.tensor([0.0, 1]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    loss = FeatureSimilarityLoss()
    assert loss(probs, black_white) == pytest.approx(-0.01248028, rel=1e-6)
    assert loss(probs, 0 * black_white) == pytest.approx(0.01248028, rel=1e-6)
    assert FeatureSimilarityLoss(loss_weight=2.0)(probs, black_white) == pytest.approx(-0.02496056)


def test_gate_changes_sign_where_the_description_says():
    edge = 1 / (1 + math.exp(2.5))
    gate = feature_similarity._gate(torch.tensor([0.0, edge, 1.0]), 2.5)
    torch.testing.assert_close(gate, torch.tensor([-1.0, 0, 1]), rtol=0, atol=2e-4)


def test_like_predictions_cost_nothing():
    probs = torch.tensor([0.2, 0.8]).view(1, 2, 1, 1).expand(1, 2, 5, 5)
    assert FeatureSimilarityLoss()(probs, torch.rand(1, 3, 5, 5)).abs() < 1e-6


def test_refuses_images_of_another_size():
    with pytest.raises(ValueError, match='differ in number or size: resize the images'):
        FeatureSimilarityLoss()(torch.rand(1, 2, 4, 4), torch.rand(1, 3, 8, 8))
    with pytest.raises(ValueError, match='sigma must be positive, or None for equal weights'):
        FeatureSimilarityLoss(sigma=0)
