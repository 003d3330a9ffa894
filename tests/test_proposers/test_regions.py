import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.proposers import RegionProposer
from mmwsss.registry import PROPOSERS


def scene(height=60, width=80, noise=3):
    """A two-coloured disc and a square on a plain ground, with a little noise."""
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), (90, 140, 90), float)
    disc = (y - 25) ** 2 + (x - 22) ** 2 < 15**2
    image[disc] = (200, 60, 50)
    image[disc & (y < 18)] = (235, 130, 60)
    image[35:55, 50:75] = (40, 50, 190)
    image += np.random.default_rng(0).normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), disc


@pytest.fixture(scope='module')
def proposer():
    return RegionProposer(scales=(3000, 10000, 30000))


@pytest.fixture(scope='module')
def regions(proposer):
    return proposer.prepare(scene()[0])


def test_levels_are_nested_partitions(regions):
    for fine, coarse in ((0, 1), (1, 2)):
        pairs = np.unique(
            np.stack([regions.labels[fine], regions.labels[coarse]]).reshape(2, -1), axis=1
        )
        assert len(np.unique(pairs[0])) == pairs.shape[1]  # each finer region in one coarser
        np.testing.assert_array_equal(regions.parent[pairs[0]], pairs[1])
    ids = np.arange(len(regions.level))
    assert (np.unique(regions.labels) == ids).all()
    counts = np.bincount(regions.level, minlength=3)
    assert counts[0] >= counts[1] >= counts[2] >= 1
    assert (regions.parent[regions.level == 2] == -1).all()


def test_scores_are_what_they_say(proposer):
    square = []
    for noise in (0, 3, 10):
        regions = proposer.prepare(scene(noise=noise)[0])
        assert ((regions.iou >= 0) & (regions.iou <= 1)).all()
        assert ((regions.stability > 0) & (regions.stability <= 1)).all()
        square.append(regions.iou[regions.labels[2, 45, 60]])
    assert square[0] > 0.95 and square[0] > square[1] > square[2]


def test_proposals_find_the_objects(proposer):
    image, disc = scene()
    found = proposer(image)
    masks = found.masks()
    square = np.zeros_like(disc)
    square[35:55, 50:75] = True
    for target in (disc, square):
        iou = (masks & target).sum((1, 2)) / (masks | target).sum((1, 2))
        assert iou.max() > 0.85
    rank = found.iou * found.stability
    assert (np.diff(rank) <= 1e-6).all()
    assert len({mask.tobytes() for mask in masks}) == len(found)  # nothing twice
    assert set(found.level.tolist()) <= {0, 1, 2} and found.size == image.shape[:2]
    assert (found.label_map() >= 0).all()


def test_same_image_same_proposals(proposer):
    one, two = proposer(scene()[0]), proposer(scene()[0])
    np.testing.assert_array_equal(one.rle_counts, two.rle_counts)
    np.testing.assert_array_equal(one.iou, two.iou)


def test_point_gives_small_middle_and_large(proposer, regions):
    image, _ = scene()
    points = np.array([[[22, 14]], [[60, 45]]])
    masks, scores = proposer.point_prompts(regions, points)
    assert masks.shape == (2, 3, 60, 80) and masks.dtype == bool and scores.dtype == np.float32
    for prompt, (x, y) in enumerate(points[:, 0]):
        assert masks[prompt, :, y, x].all()
        for level in range(3):
            region = regions.labels[level, y, x]
            np.testing.assert_array_equal(masks[prompt, level], regions.labels[level] == region)
            assert scores[prompt, level] == pytest.approx(regions.iou[region])
    again, _ = proposer.point_prompts(image, points)
    np.testing.assert_array_equal(again, masks)


def test_points_unite_and_negatives_cut(proposer, regions):
    points = np.array([[[22, 14], [60, 45]]])
    both, _ = proposer.point_prompts(regions, points)
    single, _ = proposer.point_prompts(regions, points.transpose(1, 0, 2))
    np.testing.assert_array_equal(both[0], single[0] | single[1])
    cut, _ = proposer.point_prompts(regions, points, np.array([[1, 0]]))
    hole = regions.labels[0] == regions.labels[0, 45, 60]
    np.testing.assert_array_equal(cut[0], single[0] & ~hole)
    padded, _ = proposer.point_prompts(regions, np.array([[[22, 14], [-9, 999]]]), [[1, -1]])
    np.testing.assert_array_equal(padded[0], single[0])
    nothing, scores = proposer.point_prompts(regions, points, np.array([[0, 0]]))
    assert not nothing.any() and not scores.any()


@settings(max_examples=25, deadline=None)
@given(
    points=st.lists(
        st.tuples(st.floats(0, 79.9), st.floats(0, 59.9), st.sampled_from([-1, 0, 1])),
        min_size=1,
        max_size=5,
    )
)
def test_answers_are_nested(proposer, regions, points):
    xy = np.array([[p[:2] for p in points]])
    masks, scores = proposer.point_prompts(regions, xy, np.array([[p[2] for p in points]]))
    assert not (masks[0, 0] & ~masks[0, 1]).any() and not (masks[0, 1] & ~masks[0, 2]).any()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_no_prompts(proposer, regions):
    masks, scores = proposer.point_prompts(regions, np.zeros((0, 1, 2)))
    assert masks.shape == (0, 3, 60, 80) and scores.shape == (0, 3)


def test_large_images_are_reduced():
    image = scene()[0].repeat(3, 0).repeat(3, 1)
    small = RegionProposer(max_side=80, scales=(3000, 10000, 30000)).prepare(image)
    assert small.labels.shape == (3, 180, 240)
    blocks = small.labels.reshape(3, 60, 3, 80, 3)
    assert (blocks == blocks[:, :, :1, :, :1]).all()


@pytest.mark.parametrize('size', [(1, 1), (1, 40), (3, 2)])
def test_tiny_images(proposer, size):
    found = proposer(np.zeros((*size, 3), np.uint8))
    assert len(found) == 1 and found.masks().all()


def test_protocol_is_json(proposer):
    record = json.loads(json.dumps(proposer.protocol()))
    assert record.pop('type') == 'RegionProposer'
    assert PROPOSERS.build(dict(type='RegionProposer', **record)).scales == proposer.scales


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(scales=(3, 2, 1)), 'three ascending positive numbers, found'),
        (dict(min_area=(0.1, 0.2)), 'three ascending parts of the image'),
        (dict(max_side=4), 'at least 16 pixels or None, found 4'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        RegionProposer(**options)


def test_bad_prompts(proposer, regions):
    with pytest.raises(ValueError, match=r'point 1 of prompt 0 .*outside of the image of 80 x 60'):
        proposer.point_prompts(regions, np.array([[[3, 4], [80, 0]]]))
    with pytest.raises(ValueError, match=r'points \(P, n, 2\) and labels \(P, n\)'):
        proposer.point_prompts(regions, np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r'labels must be 1, 0 or -1, found \[2\]'):
        proposer.point_prompts(regions, np.zeros((1, 1, 2)), np.array([[2]]))
    with pytest.raises(ValueError, match='RGB image .* of uint8 is expected, found float64'):
        proposer.prepare(np.zeros((4, 4, 3)))
