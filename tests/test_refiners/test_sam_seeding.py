"""``SAMSeeding``."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.refiners import SAMSeeding
from mmwsss.registry import REFINERS
from mmwsss.stores import StoreMeta, create_store
from mmwsss.structures import Proposals, Seeds
from tests.conftest import photo


def halves(level=(0, 0)):
    masks = np.zeros((2, 8, 12), bool)
    masks[0, :, :6], masks[1, :, 6:] = True, True
    zeros = np.zeros(2)
    return Proposals.from_masks(masks, iou=zeros, stability=zeros, level=np.array(level))


def seeds_of(left, right, classes=(3,)):
    maps = np.zeros((len(classes), 2, 4), np.float32)
    maps[:, :, :2], maps[:, :, 2:] = left, right
    return Seeds(np.array(classes), maps, size=(8, 12))


def test_each_mask_goes_to_a_class():
    refiner = REFINERS.build(dict(type='SAMSeeding', power=0.7))
    labels = refiner(photo(8, 12), seeds_of(0.9, 0.2), halves())
    assert labels.dtype == np.uint8
    assert (labels[:, :6] == 4).all() and (labels[:, 6:] == 0).all()
    assert refiner.needs_proposals and refiner.runs_in == 'worker' and refiner.output == 'mask'
    record = refiner.protocol()
    assert record['type'] == 'SAMSeeding' and record['threshold_tuned_on_masks'] is False


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(0.1, 1),
    shift=st.floats(0, 0.4),
    left=st.floats(0, 0.5),
    right=st.floats(0, 0.5),
)
def test_scale_and_offset_of_a_map_do_not_count(scale, shift, left, right):
    if abs(left - right) * scale < 1e-2:
        return
    refiner, image = SAMSeeding(0.7), photo(8, 12)
    plain = refiner(image, seeds_of(left, right), halves())
    changed = refiner(image, seeds_of(left * scale + shift, right * scale + shift), halves())
    np.testing.assert_array_equal(plain, changed)


def test_defined_where_there_is_nothing():
    refiner, image = SAMSeeding(0.7), photo(8, 12)
    zeros = np.zeros(1)
    single = Proposals.from_masks(
        np.ones((1, 8, 12), bool), iou=zeros, stability=zeros, level=zeros
    )
    none = Proposals.from_masks(
        np.zeros((0, 8, 12), bool), iou=zeros[:0], stability=zeros[:0], level=zeros[:0]
    )
    untagged = Seeds(np.zeros(0, int), np.zeros((0, 2, 4), np.float32), size=(8, 12))
    for seeds, proposals in (
        (seeds_of(0.9, 0.1), single),
        (seeds_of(0.9, 0.1), none),
        (untagged, halves()),
        (untagged, none),
    ):
        labels = refiner(image, seeds, proposals)
        assert labels.shape == (8, 12) and labels.dtype == np.uint8 and not labels.any()


def test_parts_on_top():
    masks = np.zeros((3, 8, 12), bool)
    masks[0], masks[1, :, :6], masks[2, :, 6:] = True, True, True
    nested = Proposals.from_masks(
        masks, iou=np.zeros(3), stability=np.zeros(3), level=np.array([2, 0, 0])
    )
    seeds = seeds_of(0.9, 0.1)
    whole = SAMSeeding(0.7)(photo(8, 12), seeds, nested)
    assert len(np.unique(whole)) == 1
    parts = SAMSeeding(0.7, on_top='parts')(photo(8, 12), seeds, nested)
    assert (parts[:, :6] == 4).all() and (parts[:, 6:] == 0).all()


def test_bad_input():
    with pytest.raises(ValueError, match="on_top must be 'whole' or 'parts', found 'area'"):
        SAMSeeding(0.7, on_top='area')
    with pytest.raises(ValueError, match='power must be positive, found 0'):
        SAMSeeding(0)
    with pytest.raises(ValueError, match="pooling must be one of .* found 'x'"):
        SAMSeeding(0.7, pooling='x')
    with pytest.raises(ValueError, match=r'needs proposals of size \(8, 12\), found None'):
        SAMSeeding(0.7)(photo(8, 12), seeds_of(0.9, 0.1))
    with pytest.raises(ValueError, match='the seeds are of an image of'):
        SAMSeeding(0.7)(photo(8, 13), seeds_of(0.9, 0.1), halves())


def test_raw_maps_come_first(tmp_path):
    """Signed maps, where seeds hold them, also read from a store; a negative value counts as 0."""
    raw = np.zeros((1, 4, 6), np.float32)
    raw[:, :, :3], raw[:, 2:, 3:], raw[:, :2, 3:] = 0.2, 1, -5
    scores = seeds_of(0.9, 0.1).scores  # these would choose the left half
    seeds = Seeds(np.array([3]), scores, size=(8, 12), raw=raw)
    store = create_store(tmp_path / 'scores', StoreMeta('scores', tuple('abcd'), 'x', stride=4))
    store.write('x', seeds)
    back = store['x']
    np.testing.assert_array_equal(back.raw, raw)  # at its own size and precision
    for one in (seeds, back):
        labels = SAMSeeding(0.7)(photo(8, 12), one, halves())
        assert (labels[:, :6] == 0).all() and (labels[:, 6:] == 4).all()
    plain = SAMSeeding(0.7)(photo(8, 12), Seeds(back.classes, back.scores, size=(8, 12)), halves())
    assert (plain[:, :6] == 4).all()
    assert back.resize().raw is back.raw
    store.close()


@pytest.mark.parametrize('raw', [np.zeros((2, 4, 6)), np.zeros((4, 6)), np.full((1, 2, 2), np.nan)])
def test_bad_raw_maps(raw):
    with pytest.raises(ValueError, match='raw maps must'):
        Seeds(np.array([3]), np.zeros((1, 8, 12)), raw=raw)
