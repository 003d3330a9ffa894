"""``PatchTokenContrastLoss``, ``ClassTokenContrastLoss`` and ``BalancedCrossEntropyLoss``."""

import math

import pytest
import torch

from mmwsss.models.losses.patch_token_contrast import pair_targets
from mmwsss.registry import MODELS


def build(name, **options):
    return MODELS.build(dict(type=name, **options))


def test_pair_targets():
    expected = [[255, 1, 0, 255], [1, 255, 0, 255], [0, 0, 255, 255], [255] * 4]
    assert pair_targets(torch.tensor([[[2, 2, 0, 255]]]))[0].tolist() == expected


def test_patch_tokens():
    features = torch.tensor([[[[1.0, -2.0, 0.0]], [[0.0, 0.0, 3.0]]]])
    loss = build('PatchTokenContrastLoss', loss_weight=2.0)
    # Two pairs of absolute cosine 1, and four of 0, over their number plus 1.
    assert loss(features, torch.tensor([[[1, 1, 0]]])) == pytest.approx(1 - 2 / 3)
    assert loss(features, torch.full((1, 1, 3), 255)) == 1


def test_patch_tokens_depend_on_the_local_batch():
    features = torch.randn(2, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[[0, 0], [1, 255]], [[0, 1], [1, 1]]])
    loss = build('PatchTokenContrastLoss')
    halves = [loss(features[i : i + 1], labels[i : i + 1]) for i in range(2)]
    assert not torch.isclose(loss(features, labels), sum(halves) / 2)


def crops(images=3):
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(k, images, 5, generator=generator) for k in (4, 2))
    positive = torch.tensor([[1, 1, 0, 1], [1, 1, 1, 1], [1, 1, 0, 0]])[:images]
    return student, teacher, positive


def test_class_tokens_by_hand():
    loss = build('ClassTokenContrastLoss', temperature=1.0)
    student, teacher = torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0]])
    own, negative = math.e, 1.0
    expected = -math.log(own / (own + negative + 1e-4)) + math.log(1 + negative + 1e-4)
    got = loss(student, teacher, torch.tensor([[1, 0]]))
    assert got == pytest.approx(expected / (1 + 1e-4))


def test_class_tokens_that_are_prototypes():
    """1024 cosines of 1 give exponentials that no float holds."""
    student = torch.ones(2, 1024).requires_grad_()
    loss = build('ClassTokenContrastLoss')(student, torch.ones(1, 1024), torch.tensor([[1, 0]]))
    loss.backward()
    # The crops are alike: log 2; and the logarithm of 1 + exp(2048).
    assert loss.item() == pytest.approx(math.log(2) + 2048, rel=1e-3)
    assert student.grad.isfinite().all()


def test_class_tokens_of_two_processes_average_to_one():
    student, teacher, positive = crops(2)
    loss = build('ClassTokenContrastLoss')
    whole = loss(student.flatten(0, 1), teacher.flatten(0, 1), positive)
    halves = [loss(student[:, i], teacher[:, i], positive[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(sum(halves) / 2, whole)


def test_class_token_temperature():
    with pytest.raises(ValueError, match='temperature must be positive, found 0'):
        build('ClassTokenContrastLoss', temperature=0)


def test_balanced_halves():
    logits = torch.tensor([[1.0, 0.0], [0.0, 2.0]]).T[None, :, None]  # two pixels
    loss = build('BalancedCrossEntropyLoss', loss_weight=4.0)
    each = -torch.log_softmax(logits[0, :, 0], 0)
    both = loss(logits, torch.tensor([[[0, 1]]]))
    torch.testing.assert_close(both, 2 * (each[0, 0] + each[1, 1]), rtol=1e-5, atol=0)
    background = loss(logits, torch.tensor([[[0, 255]]]))
    torch.testing.assert_close(background, 2 * each[0, 0], rtol=1e-5, atol=0)
    assert loss(logits, torch.tensor([[[255, 255]]])) == 0
