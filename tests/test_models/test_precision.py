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
