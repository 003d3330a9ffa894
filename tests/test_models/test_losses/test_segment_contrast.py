import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models import SegmentContrastLoss
from mmwsss.registry import MODELS


def plain(features, segments, temperature=1.0, absent_ids=True):
    """The published form: features at full resolution, a prototype for every id."""
    x = F.interpolate(features, segments.shape[1:], mode='bilinear', align_corners=False)
    x, s = F.normalize(x, dim=1).flatten(2), segments.flatten(1)
    columns = int(s.max()) + 1
    index = s[:, None].expand(-1, x.shape[1], -1)
    sums = x.new_zeros(*x.shape[:2], columns).scatter_add_(2, index, x.detach())
    count = x.new_zeros(len(x), columns).scatter_add_(1, s, torch.ones_like(x[:, 0]))
    prototypes = F.normalize(sums / count.clamp(min=1)[:, None], dim=1)
    logits = temperature * torch.einsum('bdn,bdp->bnp', prototypes, x)
    if not absent_ids:
        logits = logits.masked_fill((count == 0)[..., None], -torch.inf)
    return F.cross_entropy(logits, s, ignore_index=0)


def case(seed, count=2, channels=5, small=(4, 5), size=(17, 24), ids=7):
    rng = np.random.RandomState(seed)
    features = np.maximum(rng.randn(count, channels, *small) + 0.3, 0)
    blocks = rng.randint(0, ids, (count, 3, 4))
    rows, columns = (np.arange(n) * m // n for n, m in zip(size, (3, 4), strict=True))
    segments = torch.from_numpy(blocks[:, rows][:, :, columns])
    return torch.from_numpy(features), segments


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 9999),
    temperature=st.sampled_from((1.0, 10.0)),
    absent_ids=st.booleans(),
    size=st.tuples(st.integers(3, 30), st.integers(3, 30)),
)
def test_equals_the_full_resolution_form(seed, temperature, absent_ids, size):
    features, segments = case(seed, size=size)
    features = features + 0.01  # the plain form has no gradient at features without length
    segments[0, 0, 0] = 1  # at least one pixel has a segment
    results = []
    for function in (
        SegmentContrastLoss(temperature=temperature, absent_ids=absent_ids),
        lambda f, s: plain(f, s, temperature, absent_ids),
    ):
        own = features.float().requires_grad_()
        value = function(own, segments)
        value.backward()
        results.append((value.detach(), own.grad))
    (value, gradient), (expected, wanted) = results
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    assert (gradient - wanted).abs().max() <= 1e-4 * wanted.abs().max() + 1e-7


def test_gradient_is_that_of_differences():
    """In the features alone, with the prototypes held."""
    features, segments = case(3, count=1, channels=3, small=(2, 3), size=(5, 6), ids=4)
    features = features.float() + 0.1
    loss = SegmentContrastLoss()
    own = features.clone().requires_grad_()
    loss(own, segments).backward()
    ((ids, prototypes, _),) = loss.similarities(features, segments)

    def held(values):
        x = F.interpolate(values, segments.shape[1:], mode='bilinear', align_corners=False)
        similar = torch.einsum('nd,dyx->nyx', prototypes.double(), F.normalize(x, dim=1)[0])
        extra = torch.full((), float(segments.max() + 1 - len(ids)), dtype=torch.float64)
        total = (similar.exp().sum(0) + extra).log()
        target = torch.searchsorted(ids, segments[0].contiguous())
        return (total - similar.gather(0, target[None])[0])[segments[0] > 0].mean()

    double = features.double().requires_grad_()
    held(double).backward()
    torch.testing.assert_close(own.grad.double(), double.grad, rtol=1e-3, atol=1e-6)


def test_equal_features():
    """P ids present of N columns: log(P e + N - P) - 1."""
    segments = torch.tensor([[[0, 0, 1, 1], [4, 4, 4, 4]]])
    value = SegmentContrastLoss()(torch.ones(1, 6, 1, 2), segments)
    assert value.item() == pytest.approx(math.log(3 * math.e + 2) - 1, abs=1e-6)
    assert value.item() == pytest.approx(1.3179510, abs=1e-6)
    own = SegmentContrastLoss(absent_ids=False)(torch.ones(1, 6, 1, 2), segments)
    assert own.item() == pytest.approx(math.log(3), abs=1e-6)


def test_nothing_to_learn_from():
    """No pixel has a segment: 0, and no gradient."""
    features = torch.rand(2, 3, 4, 4, requires_grad=True)
    value = SegmentContrastLoss()(features, torch.zeros(2, 8, 8, dtype=torch.long))
    value.backward()
    assert value.item() == 0 and not features.grad.any()


def test_features_of_length_zero():
    """Their similarity is 0, and they have no gradient, not a NaN."""
    features = torch.zeros(1, 3, 4, 4)
    features[..., :2] = 1
    features.requires_grad_()
    value = SegmentContrastLoss()(features, torch.arange(1, 5).repeat(8, 2)[None])
    value.backward()
    assert value.isfinite() and features.grad.isfinite().all()


def test_processes_together_have_the_loss_of_the_joint_batch(monkeypatch):
    """The greatest id and the number of pixels are shared; the mean over processes is the loss."""
    features, segments = case(4, count=3)
    whole = SegmentContrastLoss()(features, segments)
    shared = {'sum': (segments > 0).sum(), 'max': segments.max() + 1}
    module = 'mmwsss.models.losses.segment_contrast'
    monkeypatch.setattr(f'{module}.get_world_size', lambda: 2)
    monkeypatch.setattr(f'{module}.all_reduce', lambda x, op='sum': x.copy_(shared[op]))
    parts = [SegmentContrastLoss()(features[part], segments[part]) for part in ([0], [1, 2])]
    torch.testing.assert_close(sum(parts) / 2, whole)


def test_similarities_are_cosines():
    features, segments = case(1)
    for (ids, prototypes, similar), own in zip(
        SegmentContrastLoss().similarities(features, segments), segments, strict=True
    ):
        assert torch.equal(ids, own.unique())
        assert prototypes.shape == (len(ids), 5) and similar.shape == (len(ids), 17, 24)
        assert similar.max() <= 1 + 1e-5 and similar.min() >= -1e-5


def test_half_precision_is_computed_in_float32():
    features, segments = case(2)
    loss = SegmentContrastLoss(loss_weight=2.0)
    with torch.autocast('cpu', torch.bfloat16):
        value = loss(features.bfloat16(), segments)
    assert value.dtype == torch.float32
    expected = 2 * plain(features.bfloat16().float(), segments)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    assert isinstance(MODELS.build(dict(type='SegmentContrastLoss')), SegmentContrastLoss)
