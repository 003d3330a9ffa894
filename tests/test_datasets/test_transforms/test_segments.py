import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.transforms.segments import (
    RegionsFromProposals,
    RelabelSegments,
    SegmentsFromProposals,
    dense_ids,
    segment_ids,
)
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import Proposals
from tests.conftest import photo


def proposals(masks, iou=None, level=None):
    zeros = np.zeros(len(masks))
    return Proposals.from_masks(
        np.asarray(masks, bool),
        iou=zeros if iou is None else iou,
        stability=zeros,
        level=zeros if level is None else level,
    )


def stripes(count, height=3):
    """Masks of a column each. Shape: (count, height, count)."""
    return np.eye(count, dtype=bool)[:, None].repeat(height, 1)


def test_better_masks_have_larger_ids():
    masks = np.zeros((3, 4, 6), bool)
    masks[0, 1:3, 1:3], masks[1, :, :4], masks[2, 0] = True, True, True
    out = SegmentsFromProposals()(dict(proposals=proposals(masks)))
    assert 'proposals' not in out and out['aligned'] == {'segments': 0}
    expected = np.zeros((4, 6), int)
    expected[0], expected[:, :4], expected[1:3, 1:3] = 1, 2, 3
    np.testing.assert_array_equal(out['segments'], expected)
    assert out['segments'].dtype == np.uint8
    kept = SegmentsFromProposals(legacy_ids=False, keep_proposals=True)(
        dict(proposals=proposals(masks), aligned={'gt_seg_map': 255})
    )
    assert 'proposals' in kept and kept['segments'].dtype == np.int32
    assert kept['aligned'] == {'gt_seg_map': 255, 'segments': 0}


def test_ids_start_anew_at_256():
    """300 masks: 44 ids are shared by two masks, and one of them counts as none."""
    label_map = proposals(stripes(300)).label_map()
    legacy = segment_ids(label_map)
    np.testing.assert_array_equal(legacy[0], np.arange(300, 0, -1) % 256)
    assert (segment_ids(label_map, legacy_ids=False)[0] == np.arange(300, 0, -1)).all()


def test_relabelling_of_a_covered_image():
    """The smallest id is ignored, as published; or none is."""
    values = np.uint8([[3, 5], [9, 5]])
    np.testing.assert_array_equal(dense_ids(values), [[0, 1], [2, 1]])
    np.testing.assert_array_equal(dense_ids(values, legacy_ids=False), [[1, 2], [3, 2]])
    holes = np.uint8([[0, 5], [9, 5]])
    for legacy in (True, False):
        np.testing.assert_array_equal(dense_ids(holes, legacy_ids=legacy), [[0, 1], [2, 1]])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), legacy=st.booleans())
def test_relabelling_keeps_order_and_partition(seed, legacy):
    rng = np.random.RandomState(seed)
    values = rng.choice(rng.randint(0, 40, 5), (6, 7)).astype(np.uint8)
    out = RelabelSegments(legacy_ids=legacy)(dict(segments=values))['segments']
    pairs = np.unique(np.stack([values.ravel(), out.ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(values)) == len(np.unique(out))
    assert (np.diff(pairs[1]) == 1).all() and pairs[1, 0] == (0 if legacy or not pairs[0, 0] else 1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999))
def test_map_goes_where_the_image_goes(seed):
    """Size, flip and crop are shared: a map painted into the image stays on it."""
    rng = np.random.RandomState(seed)
    size = rng.randint(20, 60, 2)
    pipeline = [
        TRANSFORMS.build(dict(type='SegmentsFromProposals')),
        TRANSFORMS.build(dict(type='RandomFlip')),
        TRANSFORMS.build(dict(type='RandomCropPad', size=40, fill=0)),
    ]
    masks = np.zeros((2, *size), bool)
    top, left = (rng.randint(0, n - 8) for n in size)
    masks[0, top : top + 6, left : left + 7] = masks[1, :3, :4] = True
    image = np.where(masks.any(0)[..., None], 255, 0).astype(np.uint8).repeat(3, -1)
    results = dict(img=image, proposals=proposals(masks), img_shape=tuple(size))
    for transform in pipeline:
        results = transform(results)
    assert results['segments'].shape == results['img'].shape[:2] == (40, 40)
    np.testing.assert_array_equal(results['segments'] > 0, results['img'][..., 0] > 0)


def test_sizes_are_shared_when_resized():
    results = dict(img=photo(30, 50), proposals=proposals(stripes(50, 30)), img_shape=(30, 50))
    for config in (
        dict(type='SegmentsFromProposals'),
        dict(type='RandomResizeLong', low=80, high=80),
        dict(type='RelabelSegments'),
    ):
        results = TRANSFORMS.build(config)(results)
    assert results['segments'].shape == results['img_shape'] == (48, 80)


def test_regions_of_a_granularity():
    """A region that is listed on a coarser level stands for the finer ones too."""
    masks = np.zeros((4, 2, 6), bool)
    masks[0, :, :2] = masks[1, :, 2:4] = masks[2, :, :4] = masks[3, :, 4:] = True
    made = proposals(masks, iou=[0.1, 0.2, 0.3, 0.4], level=[0, 0, 1, 2])
    for level, expected in (
        (0, [1, 1, 2, 2, 4, 4]),
        (1, [1, 1, 1, 1, 2, 2]),
        (2, [0] * 4 + [1] * 2),
    ):
        out = RegionsFromProposals(level=level)(dict(proposals=made))
        np.testing.assert_array_equal(out['regions'], [expected] * 2)
        scores = out['region_scores']
        assert scores[0] == 0 and scores.dtype == np.float32
        assert scores[expected[-1]] == np.float32(0.4) and out['aligned'] == {'regions': 0}
        assert 'proposals' not in out
    assert scores.shape == (2,)


def test_regions_of_nothing():
    out = RegionsFromProposals()(dict(proposals=proposals(np.zeros((0, 3, 4)))))
    assert out['regions'].shape == (3, 4) and not out['regions'].any()
    assert out['region_scores'].tolist() == [0]


def test_regions_are_packed():
    results = dict(
        img=photo(3, 4), proposals=proposals(stripes(4), iou=[1, 1, 1, 1], level=[2] * 4)
    )
    for config in (
        dict(type='RegionsFromProposals'),
        dict(type='PackTagged', meta_keys=('region_scores',)),
    ):
        results = TRANSFORMS.build(config)(results)
    sample = results['data_samples']
    assert sample.regions.data.shape == (1, 3, 4) and sample.regions.data.dtype == torch.int64
    assert sample.region_scores.shape == (5,)


def test_bad_use():
    for transform in (SegmentsFromProposals(), RegionsFromProposals()):
        with pytest.raises(ValueError, match=r'needs proposals: put dict\(type=.LoadProposals'):
            transform(dict(img=photo()))
        assert type(transform).__name__ in repr(transform)
    with pytest.raises(ValueError, match='level is 0, 1 or 2, found 3'):
        RegionsFromProposals(level=3)
    assert repr(RelabelSegments()) == 'RelabelSegments(legacy_ids=True)'
