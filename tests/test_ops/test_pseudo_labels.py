import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.pseudo_labels import NOTHING, merge_masks


def reference(masks, confidence, cams, tags):
    """The published steps, a class at a time. Shape: (N, H, W) label and score."""
    number, classes = tags.shape
    scores = torch.full((number, classes, *masks.shape[1:]), NOTHING)
    pair = 0
    for image in range(number):
        for k in range(classes):
            if tags[image, k]:
                mask = masks[pair]
                if mask.any():
                    scores[image, k][mask] = (confidence[pair] * cams[pair][mask].mean())[mask]
                pair += 1
    best, label = scores.max(1)
    label[best < 0] = classes
    return label, torch.where(best < 0, 0, best)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), number=st.integers(1, 3), classes=st.integers(1, 4))
def test_equals_a_loop_over_classes(seed, number, classes):
    rng = np.random.RandomState(seed)
    tags = torch.from_numpy(rng.rand(number, classes) > 0.4)
    pairs = int(tags.sum())
    masks = torch.from_numpy(rng.rand(pairs, 6, 7) > rng.rand(pairs, 1, 1))
    confidence = torch.from_numpy(rng.randn(pairs, 6, 7).astype(np.float32))
    cams = torch.from_numpy(rng.rand(pairs, 6, 7).astype(np.float32))
    got = merge_masks(masks, confidence, cams, tags)
    label, score = reference(masks, confidence, cams, tags)
    assert torch.equal(got.label, label) and got.scores.shape == (pairs, 6, 7)
    torch.testing.assert_close(got.score, score)


def one_image(confidence, cam, tags=(True, True)):
    """Whole-image masks of two classes on 1 x 1 pixel."""
    values = torch.tensor(confidence).view(2, 1, 1)
    cams = torch.tensor(cam).view(2, 1, 1)
    return merge_masks(torch.ones(2, 1, 1, dtype=torch.bool), values, cams, torch.tensor([tags]))


def test_ties_and_zeros():
    assert one_image([2.0, 2.0], [0.5, 0.5]).label.item() == 0, 'the lowest class wins'
    assert one_image([2.0, 1.0], [0.0, 0.0]).label.item() == 0, 'a score of 0 is foreground'
    lost = one_image([-1.0, -2.0], [0.5, 0.5])
    assert lost.label.item() == 2 and lost.score.item() == 0


def test_empty_mask_and_no_tags():
    tags = torch.tensor([[True, False], [False, False]])
    got = merge_masks(
        torch.zeros(1, 2, 2, dtype=torch.bool), torch.ones(1, 2, 2), torch.ones(1, 2, 2), tags
    )
    assert (got.label == 2).all() and not got.score.any() and (got.scores == NOTHING).all()
    none = torch.zeros(0, 2, 2)
    assert (merge_masks(none > 0, none, none, tags[1:]).label == 2).all()
