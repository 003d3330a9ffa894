import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models import ImportanceSamplingLoss
from mmwsss.ops.probability import squeezed_logit
from mmwsss.registry import MODELS


def batch(seed=0, size=(4, 5)):
    generator = torch.Generator().manual_seed(seed)
    probs = torch.randn(2, 4, *size, generator=generator).softmax(1)
    return probs, torch.tensor([[1.0, 0, 1], [0, 1, 0]])


def test_deterministic_under_a_generator():
    probs, tags = batch()
    loss = ImportanceSamplingLoss(num_samples=7)
    first, second = (
        loss(probs, tags, generator=torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert first == second
    assert first != loss(probs, tags, generator=torch.Generator().manual_seed(4))


def test_given_positions_one_by_one():
    probs, tags = batch()
    loss = ImportanceSamplingLoss(num_samples=5)
    positions = loss.draw(probs[:, 1:], torch.Generator().manual_seed(0))
    assert positions.shape == (2, 3, 5)
    total = 0
    for image in range(2):
        for c in range(3):
            for place in positions[image, c]:
                logit = squeezed_logit(probs[image, c + 1].flatten()[place])
                sign = 1 if tags[image, c] else -1
                total -= torch.nn.functional.logsigmoid(sign * logit) / positions.numel()
    torch.testing.assert_close(loss(probs, tags, positions=positions), total)


def test_expectation_is_the_mean_of_many_draws():
    probs, tags = batch()
    many = ImportanceSamplingLoss(num_samples=20000)
    got = many(probs, tags, generator=torch.Generator().manual_seed(0))
    expected = ImportanceSamplingLoss(num_samples=None)(probs, tags)
    assert got == pytest.approx(float(expected), rel=0.01)


def test_draws_follow_the_map():
    probs = torch.tensor([0.1, 0.0, 0.9]).view(1, 1, 1, 3)
    draws = ImportanceSamplingLoss(num_samples=5000).draw(probs, torch.Generator().manual_seed(0))
    share = torch.bincount(draws.flatten(), minlength=3) / 5000
    assert share[1] == 0 and share[2] == pytest.approx(0.9, abs=0.02)


def test_distribution_gets_no_gradient():
    """With fixed draws the gradient is that of the drawn values alone (finite differences)."""
    probs, tags = batch()
    probs = probs.double().requires_grad_()
    loss = ImportanceSamplingLoss(num_samples=3)
    positions = loss.draw(probs[:, 1:], torch.Generator().manual_seed(1))
    loss(probs, tags, positions=positions).backward()
    drawn = torch.zeros(2, 3, 20).scatter_(2, positions, 1).view(2, 3, 4, 5)
    assert ((probs.grad[:, 1:] != 0) == (drawn > 0)).all()
    assert (probs.grad[:, 0] == 0).all()


def test_a_map_without_probability_is_drawn_from():
    probs, tags = batch()
    probs[0, 1] = 0
    assert ImportanceSamplingLoss()(probs, tags).isfinite()
    assert ImportanceSamplingLoss(num_samples=None)(probs, tags).isfinite()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_between_its_bounds(seed, exact):
    probs, tags = batch(seed)
    loss = ImportanceSamplingLoss(num_samples=None if exact else 4)(probs, tags)
    assert 0 <= loss <= torch.nn.functional.softplus(torch.tensor(6.91))


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(num_samples=0), 'num_samples must be at least 1, or None for the expectation'),
        (dict(eps=1.0), 'eps must lie between 0 and 1, found 1.0'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='ImportanceSamplingLoss', **options))
