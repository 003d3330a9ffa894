import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope

from mmwsss.models import PretendedUnderFittingLoss
from mmwsss.registry import MODELS


def easy():
    label = torch.randint(0, 3, (2, 4, 5), generator=torch.Generator().manual_seed(0))
    logits = 4.0 * F.one_hot(label, 3).permute(0, 3, 1, 2)
    logits[0, :, 0, 0] = -logits[0, :, 0, 0]  # a mistake of the mask
    return logits.requires_grad_(), label


def test_a_mistake_gets_no_gradient_once_the_rest_is_learned():
    logits, label = easy()
    PretendedUnderFittingLoss()(logits, label).backward()
    assert (logits.grad[0, :, 0, 0] == 0).all()
    assert (logits.grad[1] != 0).all()


def test_is_cross_entropy_before():
    label = torch.randint(0, 3, (2, 4, 5))
    logits = torch.randn(2, 3, 4, 5) * 3
    expected = F.cross_entropy(logits, label)
    assert expected > 0.5
    torch.testing.assert_close(PretendedUnderFittingLoss()(logits, label), expected)


def test_unlabelled_pixels_count_as_zero():
    label = torch.full((1, 2, 2), 255)
    label[0, 0, 0] = 1
    logits = torch.zeros(1, 3, 2, 2)
    loss = PretendedUnderFittingLoss(treatment='none')(logits, label)
    assert loss == pytest.approx(float(torch.tensor(3.0).log()) / 4)


def test_weights_of_a_pixel_sampler():
    logits, label = easy()
    assert PretendedUnderFittingLoss()(logits, label, weight=torch.zeros(2, 4, 5)) == 0


def test_in_a_head_of_mmseg():
    loss = dict(type='PretendedUnderFittingLoss', loss_weight=0.4)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        head = MODELS.build(
            dict(
                type='mmseg.FCNHead',
                in_channels=4,
                channels=8,
                num_classes=3,
                num_convs=1,
                concat_input=False,
                loss_decode=loss,
            )
        )
    assert isinstance(head.loss_decode, PretendedUnderFittingLoss)
    assert head.loss_decode.loss_name == 'loss_pus'


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(treatment='drop'), r"treatment must be one of \['clamp', .*found 'drop'"),
        (dict(k=0), 'beta >= 0 and k > 0 are expected, found 0.5 and 0'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='PretendedUnderFittingLoss', **options))
