"""``CAMActivationLoss``."""

import pytest
import torch

from mmwsss.models import CAMActivationLoss
from mmwsss.registry import MODELS

CAM = torch.tensor([[[1.0, -1.0], [0.5, 0.25]]])
LABEL = torch.tensor([[[1, 1], [0, 255]]])


def test_values():
    fg, bg = MODELS.build(dict(type='CAMActivationLoss'))(CAM, torch.ones(1, 1), LABEL)
    torch.testing.assert_close(torch.stack([fg, bg]), torch.tensor([2 / 3, 0.5 / 3]))


def test_weights():
    terms = CAMActivationLoss()(CAM, torch.ones(1, 1), LABEL)
    weighted = CAMActivationLoss(fg_weight=2.0, bg_weight=3.0)(CAM, torch.ones(1, 1), LABEL)
    torch.testing.assert_close(torch.stack(weighted), torch.stack(terms) * torch.tensor([2.0, 3]))


def test_a_class_without_pixels_is_pushed_down():
    cam = CAM.clone().requires_grad_()
    fg, bg = CAMActivationLoss()(cam, torch.tensor([[0.0, 1.0]]), LABEL)
    assert fg == 0 and float(bg) == pytest.approx((1 + 0.5) / 3)
    (fg + bg).backward()
    assert (cam.grad >= 0).all() and cam.grad.sum() > 0


def test_no_present_class():
    cam = torch.zeros(0, 2, 2, requires_grad=True)
    fg, bg = CAMActivationLoss()(cam, torch.zeros(1, 3), LABEL)
    assert fg == 0 and bg == 0
    (fg + bg).backward()


@pytest.mark.parametrize('reduction', ['all', 'fg-bg', 'fg-bg-per-pos'])
def test_everything_unlabelled(reduction):
    loss = CAMActivationLoss(reduction=reduction)
    assert loss(CAM, torch.ones(1, 1), torch.full_like(LABEL, 255)) == (0, 0)


def test_bad_options():
    with pytest.raises(ValueError, match="norm must be one of .* found 'l3'"):
        CAMActivationLoss(norm='l3')
    with pytest.raises(ValueError, match="reduction must be one of .* found 'sum'"):
        CAMActivationLoss(reduction='sum')
