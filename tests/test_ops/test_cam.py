"""Normalisation and fusion of class activation maps."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.cam import FUSIONS, fuse_scales, normalize_cam, stretch_cam


def random_maps(seed, sizes, views=2, count=3):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(count, views, *size, generator=generator) for size in sizes]


def test_normalize_divides_by_the_maximum():
    cam = torch.tensor([[[0.0, 2.0], [4.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    expected = cam / torch.tensor([4 + 1e-5, 1e-5])[:, None, None]
    torch.testing.assert_close(normalize_cam(cam), expected)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.floats(1e-3, 1e3))
def test_normalised_values_are_below_one(seed, scale):
    cam = scale * torch.rand(2, 3, 5, 4, generator=torch.Generator().manual_seed(seed))
    got = normalize_cam(cam)
    assert got.min() >= 0 and got.max() <= 1


def test_s2c_by_hand():
    maps = random_maps(0, [(3, 4), (6, 8)])
    size = (11, 15)
    expected = 0
    for views in maps:
        for view in range(2):
            full = F.interpolate(views[:, view : view + 1], size, mode='bilinear')[:, 0].relu()
            expected = expected + (full.flip(-1) if view else full)
    torch.testing.assert_close(fuse_scales(maps, size, 's2c'), expected)


def test_irn_by_hand():
    maps = random_maps(0, [(3, 4), (6, 8)])
    low, high = 0, 0
    for views in maps:
        both = (views[:, 0].relu() + views[:, 1].relu().flip(-1))[:, None]
        low = low + F.interpolate(both, (5, 6), mode='bilinear')[:, 0]
        high = high + F.interpolate(both, (32, 32), mode='bilinear')[:, 0, :18, :23]
    torch.testing.assert_close(fuse_scales(maps, (18, 23), 'irn_cam'), low)
    torch.testing.assert_close(fuse_scales(maps, (18, 23), 'irn_high_res'), high)


def test_shifted_keeps_evidence_below_zero():
    maps = [views - 5 for views in random_maps(0, [(3, 4), (6, 8)])]
    assert not fuse_scales(maps, (18, 23), 's2c').any()
    expected = 0
    for views in maps:
        full = F.interpolate(views, (18, 23), mode='bilinear')
        full = full[:, 0] + full[:, 1].flip(-1)
        expected = expected + full - full.flatten(1).min(1).values[:, None, None]
    torch.testing.assert_close(fuse_scales(maps, (18, 23), 'shifted'), expected)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(FUSIONS)), st.integers(0, 99), st.integers(1, 30), st.integers(1, 30))
def test_mirroring_the_image_mirrors_the_result(fuse, seed, height, width):
    # Not with irn_high_res, whose padding lies on the right.
    maps = random_maps(seed, [(2, 3), (4, 4)])
    mirrored = [views.flip(1) for views in maps]
    got = fuse_scales(maps, (height, width), fuse)
    assert (got >= 0).all()
    if fuse != 'irn_high_res':
        torch.testing.assert_close(fuse_scales(mirrored, (height, width), fuse).flip(-1), got)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(FUSIONS)), st.integers(0, 99), st.integers(1, 2))
def test_maps_do_not_depend_on_each_other(fuse, seed, views):
    maps = random_maps(seed, [(2, 3), (4, 6)], views)
    together = fuse_scales(maps, (9, 13), fuse)
    for index in range(3):
        alone = fuse_scales([scale[index : index + 1] for scale in maps], (9, 13), fuse)
        torch.testing.assert_close(together[index : index + 1], alone)


@pytest.mark.parametrize('fuse', sorted(FUSIONS))
def test_no_maps(fuse):
    """An image without tags."""
    assert fuse_scales([torch.zeros(0, 2, 3, 4)], (8, 9), fuse).shape[0] == 0


def test_bad_arguments():
    maps = random_maps(0, [(2, 2)])
    with pytest.raises(ValueError, match=r"fuse must be one of \['irn_cam'.*found 'full'"):
        fuse_scales(maps, (4, 4), 'full')
    with pytest.raises(ValueError, match=r'1 or 2 views.*found \[\]'):
        fuse_scales([], (4, 4))
    with pytest.raises(ValueError, match=r'found \[\(1, 3, 2, 2\)\]'):
        fuse_scales([torch.zeros(1, 3, 2, 2)], (4, 4))


def test_max_flip_and_stretch():
    first, second = torch.tensor([[[[1.0, -2.0]], [[3.0, -1.0]]]]), torch.tensor([[[[2.0, -4.0]]]])
    fused = fuse_scales([first, second], (1, 2), 'max_flip')  # max((1, -2), (-1, 3)), + (2, 0)
    assert fused.tolist() == [[[3.0, 3.0]]]
    stretched = stretch_cam(torch.tensor([[[1.0, 2.0], [3.0, 5.0]]]))
    torch.testing.assert_close(stretched * (4 + 1e-5), torch.tensor([[[0.0, 1.0], [2.0, 4.0]]]))
