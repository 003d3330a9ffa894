import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmwsss.ops.probability import fuse_tagged, keep_best, keep_tagged, squeezed_logit


def test_squeezed_logit_is_finite_and_odd():
    values = squeezed_logit(torch.tensor([0.0, 0.5, 1.0]))
    end = math.log(1e-3)
    torch.testing.assert_close(values, torch.tensor([end, math.log(0.5005 / 0.5005), -end]))
    assert squeezed_logit(torch.tensor(0.0), eps=0.1) == pytest.approx(math.log(0.1))


@given(st.integers(0, 1000))
def test_squeezed_logit_ascends(seed):
    p = torch.rand(20, generator=torch.Generator().manual_seed(seed)).sort().values
    assert (squeezed_logit(p).diff() >= 0).all()


def test_kept_classes_share_all_probability():
    probs = torch.randn(2, 4, 3, 5).softmax(1)
    tags = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    kept = keep_tagged(probs, tags)
    torch.testing.assert_close(kept.sum(1), torch.ones(2, 3, 5))
    assert (kept[0, 2] == 0).all() and (kept[1, 1:] == 0).all()
    torch.testing.assert_close(kept[0, 1] / kept[0, 0], probs[0, 1] / probs[0, 0])


def test_fused_maps_of_a_flat_image():
    """Maps that are the same at all places fuse to their values, mirrored or not."""
    column = torch.tensor([0.5, 0.3, 0.2])[None, None, :, None, None]
    maps = [column.expand(2, 1, 3, h, w) for h, w in ((2, 3), (4, 6))]
    fused = fuse_tagged(maps, torch.tensor([[1.0, 0]]), (7, 9))
    torch.testing.assert_close(fused, torch.full((1, 7, 9), 0.3 / 0.8))


def test_second_view_is_turned_back():
    view = torch.rand(1, 1, 2, 3, 4).softmax(2)
    both = torch.cat([view, view.flip(-1)])
    tags = torch.ones(1, 1)
    torch.testing.assert_close(fuse_tagged([both], tags, (6, 8)), fuse_tagged([view], tags, (6, 8)))


def test_fusing_without_tags():
    maps = [torch.rand(2, 3, 4, 5, 5)]
    assert fuse_tagged(maps, torch.zeros(3, 3), (8, 9)).shape == (0, 8, 9)
    assert keep_best(torch.zeros(0, 8, 9), torch.zeros(3, 3)).shape == (0, 8, 9)


def test_best_class_of_each_image_alone():
    tags = torch.tensor([[1, 1, 0], [0, 0, 0], [0, 1, 1]])
    scores = torch.tensor([0.2, 0.6, 0.5, 0.5])[:, None, None].expand(4, 2, 2)
    best = keep_best(scores, tags)
    assert best[:, 0, 0].tolist() == pytest.approx([0, 0.6, 0.5, 0.5]), 'ties stay'
