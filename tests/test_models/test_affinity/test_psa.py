import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.models import AffinityNet, ResNet38d
from mmwsss.structures import Seeds


def network(**test_cfg):
    torch.manual_seed(0)
    return AffinityNet(
        ResNet38d(base_channels=2, out_indices=(4, 5, 7)),
        in_channels=(16, 32, 128),
        channels=(4, 8, 16),
        test_cfg=test_cfg,
    )


def sample(size=(61, 90), classes=(1, 5), background=None, seed=0):
    maps = np.random.RandomState(seed).rand(len(classes), *size)
    own = None if background is None else np.full(size, background)
    result = SegDataSample(metainfo=dict(img_id='x', ori_shape=size))
    result.seeds = Seeds(np.array(classes, int), maps, own)
    return result


def test_training_step():
    model = network()
    model.train()
    label = np.random.RandomState(0).choice(np.array([0, 1, 2, 255], np.uint8), (8, 12))
    samples = [SegDataSample(metainfo=dict(pair_label=label)) for _ in range(2)]
    losses = model(torch.rand(2, 3, 64, 96), samples, mode='loss')
    assert set(losses) == {'loss_bg', 'loss_fg', 'loss_neg'}
    sum(losses.values()).backward()
    for name in ('backbone.stage5.0.conv1', 'head.proj3', 'head.fuse'):
        assert model.get_submodule(name).weight.grad.abs().sum() > 0
    assert model.backbone.stem.weight.grad is None


def test_initial_weights():
    model = network()
    model.head.init_weights()
    fuse = model.head.fuse.weight.detach()
    assert fuse.abs().max() > 4 * (3 / 28) ** 0.5 * 0.9  # Xavier, gain 4, uniform
    assert model.head.proj5.weight.std().item() == pytest.approx((2 / 128) ** 0.5, rel=0.1)


@pytest.mark.parametrize(
    'test_cfg', [dict(alpha=6), dict(alpha=None, background=0.39), dict(alpha=None)]
)
def test_predict(test_cfg):
    model = network(log_steps=3, **test_cfg).eval()
    own = 0.3 if test_cfg == dict(alpha=None) else None
    given = [sample(background=own), sample((64, 70), (2,), own), sample((61, 90), (), own)]
    inputs = [torch.rand(3, *s.seeds.size) for s in given]
    alone = model.predict(inputs[:1], [sample(background=own)])[0]
    predicted = model(inputs, given, mode='predict')
    for s, classes in zip(predicted, ((1, 5), (2,), ()), strict=True):
        assert s.seeds.classes.tolist() == list(classes)
        mask = s.pred_sem_seg.data
        assert mask.shape == (1, *s.seeds.size)
        np.testing.assert_array_equal(mask[0], s.seeds.to_mask())
        assert set(mask.unique().tolist()) <= {0, *(k + 1 for k in classes)}
    # Neither the batch nor the padding to its size changes an image's result.
    np.testing.assert_allclose(predicted[0].seeds.scores, alone.seeds.scores, atol=1e-5)


def test_workers_walk_where_there_is_no_gpu():
    model = network(log_steps=3).eval()
    output = pickle.loads(pickle.dumps(model.store_output()))
    assert output.kinds == ('masks', 'scores') and output.network_in_workers
    image = torch.rand(3, 61, 90)
    (expected,) = model.test_step(dict(inputs=[image], data_samples=[sample()]))
    done = output.in_workers(dict(inputs=image, data_samples=sample()))
    np.testing.assert_array_equal(done['data_samples'].seeds.scores, expected.seeds.scores)
    before = done['data_samples'].seeds
    (out,) = model.test_step(dict(inputs=[image], data_samples=[done['data_samples']]))
    assert out.seeds is before  # the model only passes it on
    np.testing.assert_array_equal(out.pred_sem_seg.data, expected.pred_sem_seg.data)
    model.to('meta')  # any device but the CPU
    output = model.store_output()
    assert output.in_workers is None and not output.network_in_workers


def test_padding_of_the_preprocessor_is_cut_off():
    model, image = network(log_steps=3).eval(), torch.rand(1, 3, 61, 90)
    plain = model.predict(image, [sample()])[0].seeds.scores
    padded = torch.nn.functional.pad(image, (0, 30, 0, 20), value=7)
    np.testing.assert_array_equal(model.predict(padded, [sample()])[0].seeds.scores, plain)


def test_photo_that_was_shrunk():
    """Seeds walk at the size that the network sees; masks have that of the photo."""
    model, image = network(log_steps=3).eval(), torch.rand(1, 3, 31, 45)
    large, small = sample((62, 90)), sample((62, 90))
    large.set_metainfo(dict(img_shape=(31, 45)))
    small.seeds = replace(small.seeds.resize((31, 45)), size=(31, 45))
    (found,), (expected,) = model.predict(image, [large]), model.predict(image, [small])
    np.testing.assert_array_equal(found.seeds.scores, expected.seeds.scores)
    assert found.seeds.size == found.pred_sem_seg.shape == (62, 90)


def test_larger_maps_are_averaged():
    head = network().head
    maps = [torch.rand(1, c, *s) for c, s in ((16, (8, 12)), (32, (4, 6)), (128, (4, 6)))]
    assert head(maps).shape == (1, 28, 4, 6)


@pytest.mark.parametrize(
    ('test_cfg', 'message'),
    [
        (dict(steps=3), r"unknown keys \['steps'\], known are \['radius', 'beta'"),
        (dict(alpha=6, background=0.3), 'either a positive alpha or a background'),
        (dict(beta=0), 'beta > 0'),
        (dict(alpha=None, background=2), r'background must lie in \[0, 1\]'),
    ],
)
def test_bad_test_cfg(test_cfg, message):
    with pytest.raises(ValueError, match=message):
        network(**test_cfg)


def test_bad_samples():
    model = network()
    with pytest.raises(ValueError, match="the sample has none: add dict\\(type='LoadSeeds'"):
        model.predict(torch.rand(1, 3, 8, 8), [SegDataSample()])
    with pytest.raises(ValueError, match=r'x: AffinityNet needs labels of \(8, 8\), found none'):
        model.loss(torch.rand(1, 3, 64, 64), [SegDataSample(metainfo=dict(img_id='x'))])
    wrong = SegDataSample(metainfo=dict(img_id='x', pair_label=np.zeros((16, 16), np.uint8)))
    with pytest.raises(ValueError, match=r'found labels of \(16, 16\)'):
        model.loss(torch.rand(1, 3, 64, 64), [wrong])
    with pytest.raises(ValueError, match='set alpha or background in test_cfg'):
        network(alpha=None).eval().predict(torch.rand(1, 3, 61, 90), [sample()])
    with pytest.raises(ValueError, match="found 'tensor'"):
        model(torch.rand(1, 3, 8, 8), mode='tensor')


def test_protocol():
    record = network(alpha=None, background=0.39, tuned_on_masks=True).store_output().refiner
    assert record['type'] == 'AffinityNet'
    assert record['background'] == 0.39
    assert record['threshold_tuned_on_masks'] is True
