"""``mmwsss.ops.grad_cam``: equals differentiation class by class, to second order."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmwsss.ops.grad_cam import (
    cosine_logits,
    masked_softmax,
    present_softmax,
    prompt_cotangents,
    pull_back,
    weigh_channels,
)


@pytest.mark.parametrize(
    'mask, expected',
    [((1, 0, 1), (2.0611e-9, 0, 0.99999)), ((1, 1, 0), (2.0603e-4, 2.0603e-4, 0))],
)
def test_masked_softmax(mask, expected):
    """The class that is left out sets the maximum, and the small number counts."""
    got = masked_softmax(torch.tensor([[0.0, 0.0, 20.0]]), torch.tensor([mask]).float())
    torch.testing.assert_close(got, torch.tensor([expected]), rtol=1e-3, atol=1e-12)


class Embed(nn.Module):
    """Rows to vectors, not linearly."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.outer = nn.Linear(6, 9), nn.Linear(9, 4)
        self.requires_grad_(False).double()

    def forward(self, x):
        return F.normalize(self.outer(self.inner(x).tanh()).mean(1), dim=-1)


def straightforward(embed, hidden, text, mask, scale, classes):
    """Class by class, with plain second derivatives."""
    maps = []
    for row, index in zip(hidden, classes.tolist(), strict=True):
        row = row[None].detach().requires_grad_()
        p = masked_softmax(scale * embed(row) @ text.T, mask[:1])[0, index]
        (gradient,) = torch.autograd.grad(p, row, create_graph=True)
        maps.append((row[:, 1:].detach() * gradient[:, 1:].mean(1, keepdim=True)).sum(-1))
    return torch.cat(maps).unflatten(1, (2, 3))


def test_all_classes_at_once():
    embed, scale = Embed(), torch.tensor(7.0, dtype=torch.float64)
    hidden = torch.randn(1, 7, 6, dtype=torch.float64)[[0, 0, 0]]
    classes, mask = torch.tensor([0, 1, 3]), torch.tensor([[1, 1, 0, 1, 1]] * 3).double()
    text = F.normalize(torch.randn(5, 4, dtype=torch.float64), dim=-1)
    results = []
    for way in ('ours', 'straightforward'):
        own = text.clone().requires_grad_()
        if way == 'ours':
            u = prompt_cotangents(embed(hidden), own, scale, mask, classes)
            cam = weigh_channels(hidden, pull_back(embed, hidden, u), (2, 3))
        else:
            cam = straightforward(embed, hidden, own, mask, scale, classes)
        (cam * torch.arange(18.0).view(3, 2, 3)).sum().backward()
        results.append((cam.detach(), own.grad))
    torch.testing.assert_close(results[0], results[1], rtol=1e-9, atol=1e-12)
    with torch.no_grad():
        u = prompt_cotangents(embed(hidden), text, scale, mask, classes)
        cam = weigh_channels(hidden, pull_back(embed, hidden, u), (2, 3))
    assert not cam.requires_grad
    torch.testing.assert_close(cam, results[0][0])


def test_nothing_but_the_cotangent_is_differentiated():
    embed, hidden = Embed(), torch.randn(2, 7, 6, dtype=torch.float64, requires_grad=True)
    u = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    pull_back(embed, hidden, u).sum().backward()
    assert hidden.grad is None and u.grad is not None


def test_cosine_logits():
    features, text = torch.randn(3, 4), torch.randn(5, 4)
    got = cosine_logits(features, text, torch.tensor(2.0))
    torch.testing.assert_close(got, 2 * F.cosine_similarity(features[:, None], text, dim=-1))
    half = cosine_logits(features.half(), text.half(), torch.tensor(2.0))
    assert half.dtype == torch.float32


def test_cosine_logits_in_single_precision():
    features, text, scale = torch.randn(3, 8), torch.randn(4, 8), torch.tensor(100.0)
    expected = cosine_logits(features, text, scale)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(cosine_logits(features, text, scale), expected)


def test_present_softmax_knows_no_other_columns():
    logits, mask = torch.tensor([[1.0, 2.0, 90.0]]), torch.tensor([[1, 1, 0]])
    expected = torch.tensor([[1.0, 2.0]]).softmax(-1)
    torch.testing.assert_close(present_softmax(logits, mask)[:, :2], expected)
    assert present_softmax(logits, mask)[0, 2] == 0
    assert masked_softmax(logits, mask).sum() < 1e-3, 'the other one does'
