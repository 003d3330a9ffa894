import pytest
import torch
import torch.nn.functional as F

from mmwsss.models import DenseEnergyLoss
from mmwsss.ops.bilateral import exact_bilateral
from mmwsss.registry import MODELS
from tests.conftest import photo


def example(number=2):
    images = torch.stack([torch.from_numpy(photo(seed=seed)) for seed in range(number)])
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(number, 3, 24, 32, generator=generator)
    labels = torch.randint(0, 3, (number, 24, 32), generator=generator)
    labels[:, ::3] = 255
    return logits.requires_grad_(), images.permute(0, 3, 1, 2).float(), labels


@pytest.mark.parametrize('kernel', ['lattice', 'exact', 'coarse'])
def test_batch_is_the_mean_of_its_images(kernel):
    logits, images, labels = example()
    loss = MODELS.build(dict(type='DenseEnergyLoss', kernel=kernel, loss_weight=1e5))
    alone = [loss(logits[i : i + 1], images[i : i + 1], labels[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(loss(logits, images, labels), sum(alone) / 2)
    assert loss(logits, images, labels) < 0


def test_gradient_is_that_of_a_constant_gate():
    logits, images, labels = example(1)
    loss = DenseEnergyLoss(kernel='exact', scale_factor=1.0, loss_weight=1e6)
    inside = torch.ones_like(labels, dtype=torch.bool)
    inside[:, :, :8] = False
    (got,) = torch.autograd.grad(loss(logits, images, labels, inside), logits)
    # The symmetric form with a gate that does not move: twice what one place of S gives.
    scores = logits.softmax(1)
    gate = (inside[:, None].float() - scores.amax(1, keepdim=True)).clamp(min=0).detach()
    gate[(labels == 255)[:, None]] = 1
    masked = scores * inside[:, None]
    sums = exact_bilateral(images, masked.detach(), 100, 15)
    (expected,) = torch.autograd.grad(-2e-7 * 1e6 * (masked * gate * sums).sum(), logits)
    torch.testing.assert_close(got, expected)


def test_odd_sides_are_shrunk_alike():
    """To sides rounded down, all maps by the same factor."""
    logits, images, labels = (x[..., :23, :31] for x in example(1))
    small = F.interpolate(logits.softmax(1), (11, 15), mode='bilinear').log()
    images_small, labels_small = (
        F.interpolate(x, (11, 15), mode='nearest') for x in (images, labels[:, None].float())
    )
    expected = DenseEnergyLoss(scale_factor=1.0, sigma_xy=50, loss_weight=1e6)(
        small, images_small, labels_small[:, 0]
    )
    torch.testing.assert_close(DenseEnergyLoss(loss_weight=1e6)(logits, images, labels), expected)


def test_nothing_outside():
    logits, images, labels = example(1)
    loss = DenseEnergyLoss(loss_weight=1e6)
    value = loss(logits, images, labels, torch.zeros_like(labels, dtype=torch.bool))
    (gradient,) = torch.autograd.grad(value, logits)
    assert value == 0 and gradient.abs().max() == 0


def test_mixed_precision():
    logits, images, labels = example(1)
    loss = DenseEnergyLoss(loss_weight=1e6)
    with torch.autocast('cpu', torch.bfloat16):
        low = loss(logits.bfloat16(), images, labels)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, loss(logits, images, labels), rtol=1e-2, atol=0)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(kernel='fast'), "kernel must be one of .* found 'fast'"),
        (dict(sigma_xy=0), 'positive widths .* found 15.0, 0'),
        (dict(scale_factor=2), 'scale_factor in .* found .* 2'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        DenseEnergyLoss(**options)
