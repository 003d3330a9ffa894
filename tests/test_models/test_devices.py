"""Everything with a network trains and predicts on another device than the CPU."""

import copy

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.models import PseudoMaskMask2FormerHead
from mmwsss.refiners import PAR, PARLabels
from tests.elsewhere import DEVICE, elsewhere
from tests.test_models.methods import METHODS, SIZE, build, images, losses, seeded
from tests.test_models.test_heads.test_mask2former_head import CHANNELS, CONFIG, labels


@pytest.mark.parametrize('name', METHODS)
def test_training(name):
    method = build(name)
    if method.training is None:
        pytest.skip('nothing to train')
    expected = losses(build(name))
    with elsewhere():
        method.model.to(DEVICE)
        found = losses(method)
        total, _ = method.model.parse_losses(found)
        total.backward()
    for key, value in expected.items():
        assert found[key].device == DEVICE
        torch.testing.assert_close(found[key].detach().cpu(), value.detach(), msg=key)
    trained = [p for p in method.model.parameters() if p.requires_grad]
    assert trained and all(p.grad.device == DEVICE for p in trained)


@pytest.mark.parametrize('name', METHODS)
def test_prediction(name):
    expected = predict(build(name))
    with elsewhere():
        method = build(name)
        method.model.to(DEVICE)
        predicted = predict(method)
    for one, other in zip(predicted, expected, strict=True):
        if 'seeds' in other:
            np.testing.assert_allclose(one.seeds.scores, other.seeds.scores, atol=1e-4)
        if 'pred_sem_seg' in other:
            assert (one.pred_sem_seg.data.cpu() != other.pred_sem_seg.data).float().mean() < 1e-3
        if 'tag_scores' in other:
            torch.testing.assert_close(one.tag_scores.cpu(), other.tag_scores)


def predict(method):
    with torch.no_grad():
        return method.model.eval().test_step(method.testing)


@pytest.mark.parametrize('refiner', [PAR(), PAR(0.4), PARLabels()], ids=lambda x: x.output)
def test_refiners(refiner):
    image = np.ascontiguousarray(images()[0].permute(1, 2, 0).numpy())
    seeds = seeded()['data_samples'][0].seeds
    expected = copy.copy(refiner)(image, seeds)
    with elsewhere():
        found = refiner.to(DEVICE)(image, seeds)
    if refiner.output == 'mask':
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)


@pytest.mark.parametrize('settings', [{}, dict(crop_n_layers=1), dict(min_mask_region_area=40)])
def test_proposer(settings):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from mmwsss.proposers import SAMAutoProposer
    from tests.test_models.test_sam.tiny_sam import tiny_sam
    from tests.test_proposers.test_sam_auto import OPEN, SALT

    image = np.ascontiguousarray(images()[0].permute(1, 2, 0).numpy())
    expected = SAMAutoProposer(tiny_sam(salt=SALT), **OPEN, **settings)(image)
    with elsewhere():
        found = SAMAutoProposer(tiny_sam(salt=SALT), **OPEN, **settings).to(DEVICE)(image)
    assert len(found) == len(expected) > 0 and found.size == SIZE
    np.testing.assert_allclose(found.iou, expected.iou, rtol=1e-4)


def test_mask2former():
    config = read_config(CONFIG).model.decode_head
    config.pop('type')
    config['train_cfg']['num_points'] = 64
    head, data = PseudoMaskMask2FormerHead(**config), labels()
    head.init_weights()
    data[..., 32:40] = 255
    with elsewhere():
        features = [torch.randn(2, c, 16 >> i, 16 >> i) for i, c in enumerate(CHANNELS)]
        samples = [SegDataSample(gt_sem_seg=PixelData(data=x.to(DEVICE))) for x in data]
        found = head.to(DEVICE).loss([x.to(DEVICE) for x in features], samples, {})
        sum(found.values()).backward()
    assert all(value.isfinite() for value in found.values())
    assert head.query_feat.weight.grad.device == DEVICE
