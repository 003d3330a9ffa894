"""``mmwsss.ops.attention_affinity``."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.attention_affinity import (
    AttentionAffinity,
    affinity,
    box_masks,
    chosen_blocks,
    merge_attention,
    minmax_score,
)


def test_boxes_end_before_the_last_row_and_column():
    score = torch.zeros(2, 5, 6)
    score[0, 1, 1] = score[0, 2, 2] = 1.0  # one part: 8-connected
    score[0, 4, 5] = 1.0  # in the corner: no box is left
    score[1, 3:5, 3:6] = 0.5
    masks = box_masks(score, 0.4)
    expected = torch.zeros(2, 5, 6)
    expected[0, 1:3, 1:3] = 1
    expected[1, 3, 3:5] = 1
    torch.testing.assert_close(masks, expected)


def test_nothing_activated():
    assert box_masks(torch.zeros(1, 4, 4), 0.4).sum() == 0


def test_scores_are_cut_to_bytes():
    """0.4 of the maximum 250 is 100: 100.9 / 255 is cut to that, and is not greater."""
    score = torch.tensor([[[250.4 / 255, 100.9 / 255, 101.1 / 255, 0], [0, 0, 0, 0]]])
    assert box_masks(score, 0.4)[0, 0].tolist() == [1, 0, 1, 0]


def test_minmax_score():
    cam = torch.tensor([[[-1.0, 0.0], [1.0, 4.0]], [[2.0, 2.0], [2.0, 2.0]]])
    expected = torch.tensor([[[0, 0], [0.25, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(minmax_score(cam), expected, atol=1e-6, rtol=0)


@settings(max_examples=20, deadline=None)
@given(size=st.integers(2, 12), rounds=st.integers(1, 3))
def test_affinity_is_symmetric(size, rounds):
    matrix = affinity(torch.rand(size, size) + 0.01, rounds)
    torch.testing.assert_close(matrix, matrix.T)
    assert (matrix > 0).all()


@pytest.mark.parametrize('source', ['score', 'cam'])
def test_spreading(source):
    """Every place receives, places in the boxes give; as the masked matrix would."""
    torch.manual_seed(0)
    cam, attention = torch.randn(2, 4, 5), torch.rand(8, 21, 21)
    merged = merge_attention(attention)
    caa = AttentionAffinity(threshold=0.5, source=source, power=3)
    power = torch.linalg.matrix_power(affinity(merged), 3)
    for got, own in zip(caa(cam, merged), cam, strict=True):
        inside = box_masks(minmax_score(own[None]), 0.5).flatten()
        given_away = minmax_score(own[None]) if source == 'score' else own[None]
        expected = (power * inside) @ given_away.flatten()
        torch.testing.assert_close(got.flatten(), expected)


def test_attention_is_rounded():
    attention = torch.rand(2, 5, 5)
    merged = merge_attention(attention)
    assert merged.shape == (4, 4) and merged.dtype == torch.float32
    torch.testing.assert_close(merged, merged.half().float(), rtol=0, atol=0)


def test_bad_settings():
    with pytest.raises(ValueError, match='threshold in .0, 1. and rounds'):
        AttentionAffinity(threshold=1.5, source='cam')
    with pytest.raises(ValueError, match="source must be one of .* found 'map'"):
        AttentionAffinity(threshold=0.5, source='map')


@pytest.mark.parametrize('kind', [torch.float16, torch.bfloat16], ids=str)
def test_spread_in_single_precision(kind):
    cam, attention = torch.randn(2, 12, 12), torch.rand(144, 144).softmax(-1)
    spread = AttentionAffinity(threshold=0.4, source='cam')
    expected = spread(cam, attention)
    with torch.autocast('cpu', kind):
        assert torch.equal(spread(cam, attention), expected)


def test_weak_maps_need_two_passes():
    cam = torch.rand(1, 4, 5) * 1e-8
    assert minmax_score(cam).max() < 0.5
    assert minmax_score(cam, passes=2).max() > 0.99
    assert minmax_score(-cam, passes=2).max() == 0


def test_without_boxes_every_place_gives():
    torch.manual_seed(0)
    cam, merged = torch.rand(2, 4, 5), merge_attention(torch.rand(8, 21, 21), half=False)
    caa = AttentionAffinity(threshold=None, source='score', rounds=3)
    torch.testing.assert_close(caa(cam, merged), caa.spread(minmax_score(cam), merged))
    weight = torch.rand(2, 4, 5)
    weighted = caa.spread(minmax_score(cam) * weight, merged)
    torch.testing.assert_close(caa(cam, merged, weight), weighted)


def test_blocks_are_chosen_by_what_patches_give_each_other():
    attention = torch.full((3, 3, 3), 1 / 3)
    attention[1] = torch.tensor([0.8, 0.1, 0.1])  # all look at the class token
    assert chosen_blocks(attention).tolist() == [True, False, True]
    assert chosen_blocks(attention[:1].expand(4, -1, -1)).all(), 'of equal ones all'
