import json

import numpy as np
import pytest

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


def test_bad_images(proposer):
    with pytest.raises(ValueError, match='RGB image .* of uint8 is expected, found float64'):
        proposer.prepare(np.zeros((4, 4, 3)))


def test_coarser_levels_from_a_smaller_image():
    image, _ = scene(120, 160)
    exact, quick = (RegionProposer(coarse=part).prepare(image) for part in (1.0, 0.5))
    np.testing.assert_array_equal(quick.labels[0], exact.labels[0])  # the finest is the same
    counts = np.bincount(quick.level, minlength=3)
    assert counts[0] >= counts[1] >= counts[2] >= 1
    pairs = np.unique(quick.labels[:2].reshape(2, -1), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]
    for level in range(3):
        first, second = exact.labels[level], quick.labels[level]
        same = np.array(
            [(second == second[first == k][0])[first == k].mean() for k in set(first.flat)]
        )
        assert same.mean() > 0.8
    assert 'coarse' not in RegionProposer().protocol()
    assert RegionProposer(coarse=0.5).protocol()['coarse'] == 0.5
    with pytest.raises(ValueError, match=r'coarse must be .* \(0, 1\], found 0'):
        RegionProposer(coarse=0)
