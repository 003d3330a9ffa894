import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models import CAMPseudoLabelLoss
from mmwsss.registry import MODELS


def plain(cam, tags, label):
    """The published lines."""
    r = F.relu(cam)
    r = r / (r.flatten(2).max(2)[0][..., None, None] + 1e-5)
    r = F.interpolate(r, label.shape[1:], mode='bilinear', align_corners=False)
    r = r * tags[..., None, None]
    background = 1 - r.max(1, keepdim=True)[0]
    return F.cross_entropy(torch.cat([r, background], 1), label, ignore_index=255)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999), classes=st.integers(1, 5))
def test_equals_the_published_lines(seed, classes):
    random = torch.Generator().manual_seed(seed)
    cam = torch.randn(2, classes, 3, 4, generator=random)
    tags = torch.randint(0, 2, (2, classes), generator=random).float()
    label = torch.randint(0, classes + 1, (2, 9, 11), generator=random)
    results = []
    for function in (CAMPseudoLabelLoss(), plain):
        own = cam.clone().requires_grad_()
        value = function(own, tags, label)
        value.backward()
        results.append((value.detach(), own.grad))
    torch.testing.assert_close(results[0], results[1])


def test_empty_maps_and_background():
    value = CAMPseudoLabelLoss()(
        torch.zeros(1, 20, 2, 2), torch.ones(1, 20), torch.full((1, 4, 4), 20)
    )
    assert value.item() == pytest.approx(math.log(20 + math.e) - 1, abs=1e-6)
    assert value.item() == pytest.approx(2.1231700, abs=1e-6)


def test_weight_and_shape():
    loss = MODELS.build(dict(type='CAMPseudoLabelLoss', loss_weight=0.5))
    cam, tags = torch.rand(1, 3, 2, 2), torch.tensor([[1.0, 0, 1]])
    label = torch.zeros(1, 6, 5, dtype=torch.long)
    torch.testing.assert_close(loss(cam, tags, label), 0.5 * plain(cam, tags, label))
    logits = loss.logits(cam, tags, (6, 5))
    assert logits.shape == (1, 4, 6, 5) and not logits[:, 1].any()
    torch.testing.assert_close(logits[:, 3], 1 - logits[:, :3].amax(1))
