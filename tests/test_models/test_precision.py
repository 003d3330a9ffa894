"""Every method trains and predicts in mixed precision, in both kinds of it."""

import pytest
import torch

from tests.test_models.methods import METHODS, build, losses

KINDS = [torch.bfloat16, torch.float16]


@pytest.mark.parametrize('kind', KINDS, ids=str)
@pytest.mark.parametrize('name', METHODS)
def test_training(name, kind):
    method, full = build(name), build(name)
    if method.training is None:
        pytest.skip('nothing to train')
    with torch.autocast('cpu', kind):
        found = losses(method)
    expected = losses(full)
    for key, value in expected.items():
        assert found[key].dtype == torch.float32, f'{key} is summed up in {found[key].dtype}'
        torch.testing.assert_close(found[key], value, rtol=0.05, atol=0.005, msg=key)
    method.model.parse_losses(found)[0].backward()
    for key, value in method.model.named_parameters():
        if value.requires_grad:
            assert value.grad is not None and value.grad.isfinite().all(), key


@pytest.mark.parametrize('kind', KINDS, ids=str)
@pytest.mark.parametrize('name', METHODS)
def test_prediction(name, kind):
    method, full = build(name), build(name)
    with torch.no_grad():
        expected = full.model.eval().test_step(full.testing)
        with torch.autocast('cpu', kind):
            found = method.model.eval().test_step(method.testing)
    for one, other in zip(found, expected, strict=True):
        if 'seeds' in other:  # a mean, since single places of random maps may change much
            assert abs(one.seeds.scores - other.seeds.scores).mean() < 0.05
        if 'pred_sem_seg' in other:
            assert (one.pred_sem_seg.data != other.pred_sem_seg.data).float().mean() < 0.05
        if 'tag_scores' in other:
            torch.testing.assert_close(one.tag_scores, other.tag_scores, rtol=0, atol=0.02)


@pytest.mark.parametrize('name', ['fma', 'clip-es', 'weclip', 'weclip-plus'])
def test_a_clip_in_half_precision(name):
    method, full = build(name), build(name)
    clip = method.model.clip if name == 'fma' else method.model.seeder.clip
    clip.half = True
    if method.training is not None:
        found, expected = losses(method), losses(full)
        for key, value in expected.items():
            torch.testing.assert_close(found[key], value, rtol=0.05, atol=0.005, msg=key)
    with torch.no_grad():
        found, expected = (m.model.eval().test_step(m.testing) for m in (method, full))
        for one, other in zip(found, expected, strict=True):
            if 'seeds' in other:
                assert abs(one.seeds.scores - other.seeds.scores).mean() < 0.05
            if 'pred_sem_seg' in other:
                assert (one.pred_sem_seg.data != other.pred_sem_seg.data).float().mean() < 0.05
