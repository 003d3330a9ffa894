"""Photos that training does not see."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmwsss.datasets.holding_out import hold_out


def one_tag_each(*counts):
    tags = np.repeat(np.arange(len(counts)), counts)
    return [f'{tag}/{i}' for i, tag in enumerate(tags)], np.eye(len(counts))[tags]


def test_a_tenth_spread_over_the_tags():
    ids, labels = one_tag_each(15, 15, 15, 15)
    held = hold_out(ids, labels)
    assert held.sum() == 6
    assert (labels[held].sum(0) >= 1).all()


def test_the_order_does_not_matter():
    ids, labels = one_tag_each(30, 20)
    order = np.random.default_rng(0).permutation(50)
    first = {i for i, held in zip(ids, hold_out(ids, labels), strict=True) if held}
    shuffled = [ids[i] for i in order]
    second = {i for i, h in zip(shuffled, hold_out(shuffled, labels[order]), strict=True) if h}
    assert first == second


@given(st.lists(st.integers(0, 14), min_size=1, max_size=60), st.integers(1, 4))
def test_rare_tags_keep_their_photos(codes, classes):
    labels = np.array([[code >> c & 1 for c in range(classes)] for code in codes])
    held = hold_out([str(i) for i in range(len(codes))], labels)
    counts = labels.sum(0)
    assert held.sum() <= len(codes) / 10 + 0.6
    assert not labels[held][:, counts < 5].any()
    assert (labels[~held].sum(0) >= 1)[counts > 0].all()
