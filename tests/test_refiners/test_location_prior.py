import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.refiners import LocationPrior
from mmwsss.structures import Seeds


def weighted(scores, **options):
    seeds = Seeds(np.arange(len(scores)), scores, size=(40, 60))
    return LocationPrior(**options)(np.zeros((40, 60, 3), np.uint8), seeds)


@settings(max_examples=25, deadline=None)
@given(
    sigma=st.floats(0.1, 3),
    power=st.floats(0, 2),
    height=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_is_the_product_of_scores_and_a_gaussian(sigma, power, height, seed):
    scores = np.random.default_rng(seed).random((2, height, 6), np.float32)
    seeds = weighted(scores, sigma=sigma, power=power)
    for row in range(height):
        for column in range(6):
            y, x = (row + 0.5) / height * 2 - 1, (column + 0.5) / 6 * 2 - 1
            weight = np.exp(-(x * x + y * y) / (2 * sigma**2))
            np.testing.assert_allclose(
                seeds.scores[:, row, column], scores[:, row, column] ** power * weight, atol=1e-6
            )
    assert seeds.size == (40, 60) and seeds.classes.tolist() == [0, 1]


def test_raw_maps_without_the_prior_are_not_handed_on():
    seeds = Seeds([0], np.full((1, 4, 6), 0.5), size=(40, 60), raw=np.ones((1, 4, 6)))
    assert LocationPrior()(np.zeros((40, 60, 3), np.uint8), seeds).raw is None


def test_power_zero_leaves_the_gaussian_alone():
    seeds = weighted(np.random.rand(2, 5, 7), power=0)
    np.testing.assert_array_equal(seeds.scores[0], seeds.scores[1])
    assert seeds.scores[0, 2, 3] == seeds.scores.max() == 1


def test_no_classes():
    assert weighted(np.zeros((0, 5, 7))).scores.shape == (0, 5, 7)


def test_bad_options():
    with pytest.raises(ValueError, match='sigma must be positive, found 0'):
        LocationPrior(0)
    with pytest.raises(ValueError, match='power must not be negative, found -1'):
        LocationPrior(power=-1)


def test_protocol_says_what_was_tuned():
    assert LocationPrior(power=0.5).protocol()['power'] == 0.5
    assert not LocationPrior().protocol()['threshold_tuned_on_masks']
    assert LocationPrior(tuned_on_masks=True).protocol()['threshold_tuned_on_masks']
