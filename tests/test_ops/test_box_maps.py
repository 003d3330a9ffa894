import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.box_maps import BoxMapCfg, assemble, class_maps

C = 4  # foreground classes


def full_maps(masks, scores, classes, size, labels):
    """The release's way: one full map a class, background last, and one more."""
    r = torch.zeros(C + 2, *masks.shape[1:])
    for k in sorted(set(classes)):
        own = [i for i, other in enumerate(classes) if other == k]
        r[k if k >= 0 else C] = (masks[own] * scores[own, None, None]).amax(0)
    r[C][r.amax(0) <= 0] = 1
    r = F.interpolate(r[None], size, mode='bilinear', align_corners=False)[0, :-1]
    if labels is not None:
        q = torch.zeros_like(r)
        for k in [*labels, C]:
            q[k] = r[k]
        r = q
    place = torch.from_numpy(r.numpy().argmax(0))
    return ((place + 1) % (C + 1)).to(torch.uint8)


case = st.tuples(
    st.lists(st.integers(-1, C - 1), max_size=6),
    st.none() | st.lists(st.integers(0, C - 1), unique=True),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(case)
def test_equals_one_full_map_for_each_class(values):
    classes, labels, seed, coarse = values
    rng = torch.Generator().manual_seed(seed)
    masks = torch.randn(len(classes), 6, 9, generator=rng)
    if coarse:  # ties, and exact zeros
        masks = masks.round()
    scores = torch.ones(len(classes)) if coarse else torch.rand(len(classes), generator=rng)
    merged = class_maps(lambda i: masks[i], scores, classes, (6, 9), at_a_time=2)
    got = assemble(merged, (8, 11), C, labels, BoxMapCfg(absent_compete=True, drop_unmatched=False))
    if not classes:
        assert not got.any()
        return
    expected = full_maps(masks, scores, classes, (8, 11), labels)
    np.testing.assert_array_equal(got, expected)


def three_pixels(cfg):
    """A box of class 2 (of 3) where the image-level labels have class 1 alone."""
    masks = torch.tensor([[[5.0, 5.0, -5.0]]])
    merged = class_maps(lambda i: masks[i], torch.ones(1), [2], (1, 3))
    return assemble(merged, (1, 3), 3, [1], cfg)[0].tolist()


def test_absent_classes():
    assert three_pixels(BoxMapCfg(absent_compete=True, drop_unmatched=False)) == [1, 1, 0]
    assert three_pixels(BoxMapCfg()) == [0, 0, 0]


def test_boxes_without_a_class_can_erase_objects():
    masks = torch.tensor([[[2.0, 2.0, -2.0]], [[3.0, -3.0, -3.0]]])
    merged = class_maps(lambda i: masks[i], torch.ones(2), [1, -1], (1, 3))
    kept = assemble(merged, (1, 3), C, None, BoxMapCfg(drop_unmatched=False))
    assert kept[0].tolist() == [0, 2, 0]
    assert assemble(merged, (1, 3), C, None, BoxMapCfg())[0].tolist() == [2, 2, 0]


@settings(max_examples=25, deadline=None)
@given(case)
def test_fixed_rules_give_boxed_classes_alone(values):
    classes, labels, seed, _ = values
    masks = torch.randn(len(classes), 5, 5, generator=torch.Generator().manual_seed(seed))
    merged = class_maps(lambda i: masks[i], torch.ones(len(classes)), classes, (5, 5))
    found = set(assemble(merged, (7, 7), C, labels, BoxMapCfg()).flatten().tolist())
    allowed = {k + 1 for k in classes if k >= 0 and (labels is None or k in labels)}
    assert found <= allowed | {0}


@pytest.mark.parametrize('at_a_time', [1, 3, 100])
def test_a_few_masks_at_a_time(at_a_time):
    masks = torch.randn(7, 4, 4)
    seen = []

    def logits(index):
        seen.append(len(index))
        return masks[index]

    merged = class_maps(logits, torch.ones(7), [0, 0, 1, 0, 0, -1, 0], (4, 4), at_a_time)
    assert max(seen) <= at_a_time and sum(seen) == 7 and merged.classes == [0, 1, -1]
    torch.testing.assert_close(merged.maps[0], masks[[0, 1, 3, 4, 6]].amax(0))
