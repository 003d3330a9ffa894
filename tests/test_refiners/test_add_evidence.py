"""The refiner that reads two stores, alone, in a chain and in a model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.refiners import PAR, AddEvidence, Chain, Threshold
from mmwsss.refiners.refine_model import refine
from mmwsss.registry import MODELS
from mmwsss.structures import Seeds
from tests.test_refiners.test_refine_model import batch

IMAGE = np.zeros((8, 12, 3), np.uint8)


def probabilities(classes, seed=0, shape=(4, 6)):
    """Seeds of the image with a background map; all of it sums to 1."""
    maps = np.random.default_rng(seed).dirichlet(np.ones(len(classes) + 1), shape)
    maps = np.moveaxis(maps.astype(np.float32), -1, 0)
    return Seeds(np.array(classes), maps[1:], maps[0], IMAGE.shape[:2])


def maps_of(classes, seed=1, shape=(4, 6)):
    scores = np.random.default_rng(seed).random((len(classes), *shape), np.float32)
    return Seeds(np.array(classes), scores, size=IMAGE.shape[:2])


@settings(max_examples=25, deadline=None)
@given(weight=st.floats(0, 20), background=st.floats(0, 1), seed=st.integers(0, 99))
def test_is_the_product_of_both_as_probabilities(weight, background, seed):
    seeds, evidence = probabilities([2, 7], seed), maps_of([2, 7], seed + 100)
    found = AddEvidence(weight, background=background)(IMAGE, seeds, evidence=evidence)
    for row in range(4):
        for column in range(6):
            at = (slice(None), row, column)
            one = np.append(seeds.background[row, column], seeds.scores[at]).astype(np.float64)
            one *= np.exp(weight * np.append(background, evidence.scores[at]))
            one /= one.sum()
            np.testing.assert_allclose(found.scores[at], one[1:], atol=1e-5)
            np.testing.assert_allclose(found.background[row, column], one[0], atol=1e-5)
    assert found.size == seeds.size and found.classes.tolist() == [2, 7]


def test_the_background_map_of_the_evidence():
    seeds, evidence = probabilities([1]), probabilities([1], 5)
    found = AddEvidence(3, background=None)(IMAGE, seeds, evidence=evidence)
    one = seeds.scores[0] * np.exp(3 * evidence.scores[0])
    rest = seeds.background * np.exp(3 * evidence.background)
    np.testing.assert_allclose(found.scores[0], one / (one + rest), atol=1e-5)
    with pytest.raises(ValueError, match='the evidence has no background map: give'):
        AddEvidence(3, background=None)(IMAGE, seeds, evidence=maps_of([1]))


def test_classes_go_by_their_ids():
    seeds, evidence = probabilities([2, 7, 9]), maps_of([0, 7])
    found = AddEvidence(2, background=0.5)(IMAGE, seeds, evidence=evidence)
    nothing = np.zeros_like(evidence.scores[:1])
    votes = np.concatenate([nothing, evidence.scores[1:], nothing])
    same = AddEvidence(2, background=0.5)(
        IMAGE, seeds, evidence=Seeds(seeds.classes, votes, size=seeds.size)
    )
    np.testing.assert_array_equal(found.scores, same.scores)


def test_evidence_of_another_resolution_is_resized_to_the_seeds():
    seeds, evidence = probabilities([3]), maps_of([3], shape=(2, 3))
    refiner = AddEvidence(2, background=0.5)
    found = refiner(IMAGE, seeds, evidence=evidence)
    assert found.scores.shape == (1, 4, 6)
    same = refiner(IMAGE, seeds, evidence=evidence.resize((4, 6)))
    np.testing.assert_array_equal(found.scores, same.scores)


def test_certain_pixels_and_large_weights_stay_finite():
    scores = np.zeros((1, 4, 6), np.float32)
    scores[0, :2] = 1
    seeds = Seeds(np.array([3]), scores, 1 - scores[0], IMAGE.shape[:2])
    found = AddEvidence(1e4, background=0.5)(IMAGE, seeds, evidence=maps_of([3]))
    assert np.isfinite(found.scores).all()
    assert not found.scores[0, 2:].any()  # what the seeds exclude stays out
    empty = Seeds(np.zeros(0, int), scores[:0], 1 - scores[0], IMAGE.shape[:2])
    assert AddEvidence(2, background=0.5)(IMAGE, empty, evidence=maps_of([3])).scores.size == 0


def test_what_it_cannot_use_is_named():
    refiner = AddEvidence(2, background=0.5)
    with pytest.raises(ValueError, match='these seeds have no background map: take a segmentor'):
        refiner(IMAGE, maps_of([1]), evidence=maps_of([1]))
    with pytest.raises(ValueError, match=r'evidence of size \(8, 12\), found None'):
        refiner(IMAGE, probabilities([1]))
    other = Seeds(np.array([1]), np.zeros((1, 4, 6)), size=(12, 8))
    with pytest.raises(ValueError, match=r'evidence of size \(8, 12\), found \(12, 8\)'):
        refiner(IMAGE, probabilities([1]), evidence=other)
    with pytest.raises(ValueError, match='weight must not be negative, found -1'):
        AddEvidence(-1, background=0.5)
    with pytest.raises(ValueError, match=r'background must lie in \[0, 1\] or be None, found 2'):
        AddEvidence(1, background=2)


def test_protocol():
    assert AddEvidence(2, background=0.5, tuned_on_masks=True).protocol() == {
        'type': 'AddEvidence',
        'weight': 2,
        'background': 0.5,
        'threshold_tuned_on_masks': True,
    }
    assert AddEvidence(2, background=None).protocol()['background'] == 'map of the evidence'


def test_a_chain_hands_the_evidence_to_who_needs_it():
    seeds, evidence = probabilities([2, 7]), maps_of([2, 7])
    first = AddEvidence(2, background=0.5)
    chain = Chain([first, PAR(), Threshold(None)])
    assert chain.needs_evidence and not Chain([PAR()]).needs_evidence
    expected = PAR()(IMAGE, first(IMAGE, seeds, evidence=evidence)).to_mask()
    np.testing.assert_array_equal(chain(IMAGE, seeds, evidence=evidence), expected)


def test_the_model_passes_it_on_and_names_the_loader():
    model = MODELS.build(
        dict(type='RefineModel', refiner=dict(type='AddEvidence', weight=2.0, background=0.5))
    )
    data = batch(1)
    (sample,) = data['data_samples']
    with pytest.raises(ValueError, match='AddEvidence needs what LoadEvidence reads'):
        model.test_step(data)
    maps = sample.seeds
    sample.seeds = Seeds(maps.classes, maps.scores / 2, 1 - maps.scores.mean(0), maps.size)
    sample.evidence = maps
    expected = AddEvidence(2.0, background=0.5)(
        data['inputs'][0].permute(1, 2, 0).numpy(), sample.seeds, evidence=maps
    )
    (result,) = model.test_step(data)
    np.testing.assert_array_equal(result.seeds.scores, expected.scores)


def test_a_photo_that_is_shrunk():
    (sample,) = batch(1)['data_samples']
    image = batch(1)['inputs'][0][:, ::2, ::2]
    sample.set_metainfo({'ori_shape': (12, 16)})
    maps = sample.seeds
    sample.seeds = Seeds(maps.classes, maps.scores / 2, 1 - maps.scores.mean(0), maps.size)
    sample.evidence = maps
    result = refine(AddEvidence(2.0, background=0.5), image, sample)
    assert result.size == (12, 16)
