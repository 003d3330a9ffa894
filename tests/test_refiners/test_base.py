"""What refiners are asked for, given and allowed to return."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from mmwsss.refiners import CRF, PAR, AddEvidence, IRLabels, PARLabels, Refiner, SAMVote, Threshold
from mmwsss.refiners.base import apply, build_refiner
from mmwsss.structures import Seeds


class Own(Threshold):
    """Returns what a test sets."""

    def __init__(self, result=None):
        super().__init__()
        self.result = result

    def __call__(self, image, seeds, proposals=None):
        return self.result


class OwnSeeds(Own):
    output = 'seeds'


def photo(*size):
    return np.random.RandomState(0).randint(0, 255, (*size, 3), np.uint8)


def seeds(*size):
    return Seeds([0, 2], np.random.RandomState(0).rand(2, 3, 4), size=size)


@pytest.mark.parametrize(
    ('refiner', 'message'),
    [
        (Own(np.zeros((6, 8), np.uint8)), r'Own returned a mask of (6, 8) for a photo of (12, 16)'),
        (Own(np.zeros((1, 12, 16), np.uint8)), 'Own returned a mask of (1, 12, 16) for a photo'),
        (Own(np.zeros((12, 16), np.float32)), 'Own returned a mask of float32, uint8 is expected'),
        (Own(np.zeros((12, 16), np.int64)), 'Own returned a mask of int64, uint8 is expected'),
        (Own(None), "Own.output is 'mask', and it returned a NoneType in place of an array"),
        (Own(seeds(12, 16)), "Own.output is 'mask', and it returned a Seeds in place of an array"),
        (OwnSeeds(seeds(6, 8)), 'OwnSeeds returned seeds of size (6, 8) for a photo of (12, 16)'),
        (
            OwnSeeds(np.zeros((12, 16), np.uint8)),
            "OwnSeeds.output is 'seeds', and it returned a ndarray in place of Seeds",
        ),
    ],
)
def test_results_are_checked(refiner, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        apply(refiner, photo(12, 16), seeds(12, 16))


def test_right_results_pass():
    for refiner in (Own(np.zeros((12, 16), np.uint8)), OwnSeeds(seeds(12, 16))):
        assert apply(refiner, photo(12, 16), seeds(12, 16)) is refiner.result


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((12, 16, 4), np.uint8), r'of uint8 is expected, found uint8 \(12, 16, 4\)'),
        (np.zeros((12, 16), np.uint8), r'an RGB image .* found uint8 \(12, 16\)'),
        (np.zeros((12, 16, 3), np.float32), r'an RGB image .* found float32 \(12, 16, 3\)'),
        (torch.zeros(3, 12, 16), 'an RGB image is expected, an array .* found a Tensor'),
        (Image.new('RGB', (16, 12)), 'found a Image'),
        (photo(12, 15), r'seeds are of an image of \(12, 16\), this one is \(12, 15, 3\)'),
    ],
)
@pytest.mark.parametrize(
    'refiner',
    [PAR(), PARLabels(), CRF(4), IRLabels(), SAMVote(0.3), AddEvidence(1.0, background=0.5)],
    ids=lambda refiner: type(refiner).__name__,
)
def test_images_are_checked(refiner, image, message):
    for call in (refiner, lambda *inputs: apply(refiner, *inputs)):
        with pytest.raises(ValueError, match=message):
            call(image, seeds(12, 16))


def test_a_refiner_that_looks_at_no_image_gets_one_of_its_seeds():
    with pytest.raises(ValueError, match='the seeds are of an image of'):
        apply(Threshold(), photo(6, 8), seeds(12, 16))


class NoRecord(Refiner):
    runs_in, output = 'worker', 'mask'

    def __call__(self, image, seeds, proposals=None):
        return seeds.to_mask()


class Bare(NoRecord):
    def protocol(self):
        return dict(type='Bare', threshold_tuned_on_masks=False)


class Nothing(Refiner):
    def __call__(self, image, seeds, proposals=None):
        return seeds.to_mask()

    def protocol(self):
        return dict(type='Nothing', threshold_tuned_on_masks=False)


def recorded(record):
    return type('Own', (Bare,), {'protocol': lambda self: record})


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        (NoRecord, 'NoRecord lacks protocol: a refiner has the methods __call__ and protocol'),
        (dict, 'dict is no refiner: derive it from mmwsss.refiners.Refiner'),
        (Nothing, "Nothing.output must be 'seeds' or 'mask', found None: set it in the class"),
        (type('Own', (Bare,), {'output': 'masks'}), "Own.output .* 'mask', found 'masks'"),
        (type('Own', (Bare,), {'runs_in': 'cpu'}), "Own.runs_in must be 'worker' or 'device', fou"),
        (recorded(None), "must return a dict with 'type' .* found None"),
        (recorded(dict(type='Own')), "'threshold_tuned_on_masks' .* found {'type': 'Own'}"),
        (recorded(dict(type=3, threshold_tuned_on_masks=False)), "with 'type'"),
        (
            recorded(dict(type='Own', threshold_tuned_on_masks=False, radius=np.int64(3))),
            r'Own.protocol\(\) is kept as JSON: plain numbers.*\(Object of type int64',
        ),
    ],
)
def test_what_a_refiner_says_of_itself_is_checked(kind, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build_refiner(dict(type=kind))


def test_a_whole_refiner_is_built():
    assert isinstance(build_refiner(dict(type=Bare)), Bare)
    refiner = PAR()
    assert build_refiner(refiner) is refiner
