import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.two_level_labels import (
    combine_levels,
    par_labels,
    present_slots,
    two_level_labels,
)


def random_batch(seed, batch=3, classes=6, size=(12, 15)):
    generator = torch.Generator().manual_seed(seed)
    tags = (torch.rand(batch, classes, generator=generator) < 0.4).float()
    scores = torch.rand(batch, classes, *size, generator=generator)
    return torch.rand(batch, 3, *size, generator=generator), scores, tags


def test_combination():
    strict, loose = torch.tensor([5, 0, 0]), torch.tensor([5, 5, 0])
    assert combine_levels(strict, loose).tolist() == [5, 255, 0]
    assert combine_levels(torch.tensor([5]), torch.tensor([0])).tolist() == [5]


def test_levels_without_refinement():
    scores = torch.tensor([[[[0.9, 0.5, 0.1, 0.2]], [[0.2, 0.6, 0.95, 0.25]]]])
    assert two_level_labels(scores, torch.tensor([[1, 1]])).tolist() == [[[1, 255, 2, 0]]]
    assert two_level_labels(scores, torch.tensor([[1, 0]])).tolist() == [[[1, 255, 0, 0]]]
    box = torch.tensor([[0, 1, 1, 3]])
    labels = two_level_labels(scores, torch.tensor([[1, 1]]), boxes=box)
    assert labels.dtype == torch.uint8 and labels.tolist() == [[[255, 255, 2, 255]]]


def test_slots_hold_present_classes_in_order():
    scores = torch.arange(8.0).view(2, 4, 1, 1)
    maps, labels = present_slots(scores, torch.tensor([[0, 1, 0, 1], [0, 0, 1, 0]]))
    assert maps.flatten(1).tolist() == [[1, 3], [6, -torch.inf]]
    assert labels.tolist()[0] == [2, 4] and labels[1, 0] == 3


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_batch_equals_one_by_one(seed):
    images, scores, tags = random_batch(seed)
    boxes = torch.tensor([[0, 12, 0, 15], [2, 9, 1, 14], [0, 0, 0, 0]])
    whole = par_labels(images, scores, tags, boxes=boxes, dilations=(1, 2), iterations=2)
    for i in range(3):
        one = [values[i : i + 1] for values in (images, scores, tags, boxes)]
        single = par_labels(*one[:3], boxes=one[3], dilations=(1, 2), iterations=2)
        agree = (single == whole[i : i + 1]).float().mean()
        assert agree > 0.98  # sums run in another order
    assert (whole[2] == 255).all()
    allowed = {0, 255, *(tags[0].nonzero().flatten() + 1).tolist()}
    assert set(whole[0].unique().tolist()) <= allowed


def test_images_without_tags_are_background():
    images, scores, tags = random_batch(0)
    labels = par_labels(images, scores, tags * 0)
    assert labels.shape == (3, 12, 15) and not labels.any()
    assert not two_level_labels(scores, tags * 0).any()


def test_certain_scores_survive():
    images = torch.zeros(1, 3, 16, 16)
    images[..., 8:] = 1
    scores = images[:, :1].clone()
    labels = par_labels(images, scores, torch.ones(1, 1))
    assert (labels[..., 9:] == 1).all() and (labels[..., :7] == 0).all()
