import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models.losses.co2sam_loss import (
    Co2SAMLoss,
    TeacherView,
    contrast_loss,
    dice_loss,
    focal_loss,
    instance_entropy,
    mask_iou,
    prototypes,
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_focal_is_proportional_to_alpha():
    chance, target = torch.rand(3, 5, 6), (torch.rand(3, 5, 6) > 0.5).float()
    ratio = focal_loss(chance, target, 3) / focal_loss(chance, target, 0.8)
    assert ratio == pytest.approx(3 / 0.8)


def test_dice_of_equal_masks_is_zero():
    mask = (torch.rand(2, 4, 4) > 0.5).float()
    assert dice_loss(mask, mask).abs() < 1e-6


def test_one_instance_has_no_contrast_and_no_entropy():
    one = torch.randn(1, 6)
    assert contrast_loss(one, torch.randn(1, 6)) == 0
    assert instance_entropy(torch.randn(1, 4, 4)).abs() < 1e-6


def test_two_equal_instances_give_log_2():
    same = torch.randn(1, 6).expand(2, 6)
    assert contrast_loss(same, same) == pytest.approx(math.log(2), abs=1e-6)
    assert instance_entropy(torch.randn(1, 4, 4).expand(2, 4, 4)) == pytest.approx(
        math.log(2), abs=1e-5
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.permutations(range(4)))
def test_order_of_boxes_does_not_matter(count, order):
    order = [i for i in order if i < count] or [0]
    count = len(order)
    student, weak, strong = (torch.randn(count, 8, 8) for _ in range(3))
    iou, own, other = torch.rand(count), torch.randn(count, 5), torch.randn(count, 5)
    loss = Co2SAMLoss()

    def values(i):
        return loss(
            student[i], iou[i], TeacherView(weak[i], own[i]), TeacherView(strong[i], other[i])
        )

    first, second = values(list(range(count))), values(order)
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-4, atol=1e-5)


def test_threshold_of_the_iou_is_one_on_logits():
    logits, target = torch.tensor([[[0.4, 0.6, -1.0]]]), torch.tensor([[[1.0, 1.0, 0.0]]])
    assert mask_iou(logits, target) == pytest.approx(0.5)


def test_prototypes_are_weighted_means_of_unit_vectors():
    embedding, weights = torch.randn(5, 4, 4), torch.rand(2, 4, 4)
    unit = embedding / embedding.norm(dim=0)
    expected = (unit[None] * weights[:, None]).sum((2, 3)) / weights.sum((1, 2))[:, None]
    torch.testing.assert_close(prototypes(embedding, weights), expected)


def test_terms_and_gradients():
    student = torch.randn(3, 6, 6, requires_grad=True)
    weak, iou = torch.randn(3, 6, 6, requires_grad=True), torch.rand(3, requires_grad=True)
    own = torch.randn(3, 4, requires_grad=True)
    template = TeacherView(torch.randn(3, 6, 6), torch.randn(3, 4))
    losses = Co2SAMLoss(entropy_weight=0.0)(student, iou, TeacherView(weak, own), template)
    assert 'loss_entropy' not in losses
    losses['loss_iou'].backward(retain_graph=True)
    assert student.grad is None and iou.grad is not None
    losses['loss_dice'].backward(retain_graph=True)
    assert weak.grad is None, 'hard targets have no gradient'
    losses['loss_template'].backward()
    assert weak.grad is not None and student.grad is not None


def test_smoothing_by_the_number_of_boxes_is_an_option():
    student, template = torch.randn(3, 6, 6), TeacherView(torch.randn(3, 6, 6), torch.randn(3, 4))
    args = (student, torch.rand(3), TeacherView(torch.randn(3, 6, 6), torch.randn(3, 4)), template)
    published, fixed = Co2SAMLoss()(*args), Co2SAMLoss(scale_by_boxes=False)(*args)
    assert published['loss_focal'] / fixed['loss_focal'] == pytest.approx(3 / 0.8, rel=1e-4)
    assert published['loss_dice'] != fixed['loss_dice']
    assert published['loss_template'] == fixed['loss_template']


def test_single_precision_in_mixed_precision():
    student, iou = torch.randn(3, 8, 8), torch.rand(3)
    views = [TeacherView(torch.randn(3, 8, 8), torch.randn(3, 6)) for _ in range(2)]
    embedding, loss = torch.randn(6, 4, 4), Co2SAMLoss()
    expected = loss(student, iou, *views), prototypes(embedding, student)
    with torch.autocast('cpu', torch.bfloat16):
        found = loss(student, iou, *views), prototypes(embedding, student)
    assert found[0] == expected[0] and torch.equal(found[1], expected[1])
