import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.models import IRNet
from mmwsss.models.affinity.irn import IRNWalkCfg, walk_within_edges
from mmwsss.structures import Seeds

BACKBONE = dict(
    type='mmpretrain.ResNet',
    depth=18,
    stem_channels=8,
    base_channels=8,
    strides=(1, 2, 2, 1),
)


def network(radius=4, **test_cfg):
    torch.manual_seed(0)
    options = dict(pad_to=None, log_steps=3, **test_cfg)
    return IRNet(BACKBONE, in_channels=(8, 8, 16, 32, 64), radius=radius, test_cfg=options)


def sample(size=(61, 90), classes=(1, 5), seed=0):
    result = SegDataSample(metainfo=dict(img_id='x', ori_shape=size))
    maps = np.random.RandomState(seed).rand(len(classes), -(-size[0] // 4), -(-size[1] // 4))
    result.seeds = Seeds(np.array(classes, int), maps, size=size)
    return result


def test_training_step_leaves_the_backbone_alone():
    model = network()
    model.train()
    assert model.edge.training
    assert not any(module.training for module in model.backbone.modules())
    label = np.random.RandomState(0).choice(np.array([0, 1, 2, 255], np.uint8), (16, 24))
    losses = model(
        torch.rand(1, 3, 64, 96), [SegDataSample(metainfo=dict(pair_label=label))], 'loss'
    )
    assert set(losses) == {'loss_pos', 'loss_neg', 'loss_disp_fg', 'loss_disp_bg'}
    sum(losses.values()).backward()
    assert all(p.grad is not None for head in (model.edge, model.disp) for p in head.parameters())
    assert not any(p.requires_grad for p in model.backbone.parameters())


def test_mean_is_subtracted_in_eval_mode_only():
    model = network()
    features = model.features(torch.rand(1, 3, 32, 32))
    model.disp.mean.copy_(torch.tensor([1.0, -2]))
    shift = model.train().disp(features) - model.eval().disp(features)
    torch.testing.assert_close(shift[0, :, 0, 0], torch.tensor([1.0, -2]))


def test_photo_that_was_shrunk():
    model, image = network(background=0.5).eval(), torch.rand(1, 3, 31, 45)
    large = sample((62, 90))
    large.set_metainfo(dict(img_shape=(31, 45)))
    (found,) = model.predict(image, [large])
    assert found.seeds.scores.shape[1:] == (31, 45)
    assert found.seeds.size == found.pred_sem_seg.shape == (62, 90)


def test_predict():
    model = network(background=0.5).eval()
    given = [sample(), sample((64, 70), (2,)), sample((61, 90), ()), sample(seed=1)]
    inputs = [torch.rand(3, *s.seeds.size) for s in given]
    alone = model.predict(inputs[3:], [sample(seed=1)])[0]
    predicted = model(inputs, given)
    for s, classes in zip(predicted, ((1, 5), (2,), (), (1, 5)), strict=True):
        assert s.seeds.classes.tolist() == list(classes)
        assert s.seeds.scores.shape == (len(classes), *s.seeds.size)
        np.testing.assert_array_equal(s.pred_sem_seg.data[0], s.seeds.to_mask(0.5))
        if classes:
            assert s.seeds.scores.max() == 1
    np.testing.assert_allclose(predicted[3].seeds.scores, alone.seeds.scores, atol=1e-5)


def test_images_larger_than_the_padding_are_not_cut():
    model = network().eval()
    model.test_cfg = IRNWalkCfg(pad_to=64, log_steps=3)
    features = model.view_features(torch.rand(1, 3, 70, 40))
    assert features[1].shape[-2:] == (18, 16)
    assert model.boundaries(features, (18, 10)).shape == (1, 18, 10)


def test_other_strides():
    model = IRNet(
        {
            **BACKBONE,
            'num_stages': 3,
            'strides': (1, 2, 1),
            'dilations': (1, 1, 1),
            'out_indices': (2,),
        },
        in_channels=(8, 8, 16, 32),
        strides=(4, 4, 8, 8),
    )
    features = model.features(torch.rand(1, 3, 60, 44))
    assert model.edge(features).shape == (1, 1, 15, 11)
    assert model.disp(features).shape == (1, 2, 15, 11)
    with pytest.raises(ValueError, match=r'begin with 4, 4, 8 are .* found .* \(4, 8, 8, 8\)'):
        IRNet(BACKBONE, in_channels=(8, 8, 16, 32), strides=(4, 8, 8, 8))


def test_edges_everywhere_stop_everything():
    maps = torch.rand(1, 2, 6, 7)
    got = walk_within_edges(maps, torch.ones(1, 6, 7), IRNWalkCfg(), (22, 27))
    assert got.shape == (1, 2, 22, 27)
    assert not got.any()


def test_edges_keep_scores_inside():
    maps, edges = torch.zeros(1, 1, 9, 15), torch.zeros(1, 9, 15)
    maps[..., 4, 2] = 1
    edges[..., 7] = 1
    got = walk_within_edges(maps, edges, IRNWalkCfg(), (36, 60))[0, 0]
    assert (got[:, :26] > 0.25).all()
    assert not got[:, 34:].any()


@pytest.mark.parametrize(
    ('test_cfg', 'message'),
    [
        (dict(background=None), 'a background and a positive power'),
        (dict(power=0), 'found 0.25 and 0'),
        (dict(alpha=4), r"unknown keys \['alpha'\]"),
    ],
)
def test_bad_test_cfg(test_cfg, message):
    with pytest.raises(ValueError, match=message):
        network(**test_cfg)


def test_feature_maps_of_another_backbone():
    """The first is pooled to the grid of the second, of odd sizes too."""
    sizes = {2: 3, 4: 4, 8: 5, 16: 6}

    class Pyramid(torch.nn.Module):
        def forward(self, x):
            return tuple(
                torch.rand(len(x), c, -(-x.shape[2] // s), -(-x.shape[3] // s))
                for s, c in sizes.items()
            )

    model = IRNet(Pyramid(), in_channels=(3, 4, 5, 6), strides=(4, 4, 8, 16), radius=4)
    features = model.features(torch.rand(2, 3, 61, 90))
    assert [x.shape for x in features] == [
        (2, 3, 16, 23),
        (2, 4, 16, 23),
        (2, 5, 8, 12),
        (2, 6, 4, 6),
    ]
    assert model.edge(features).shape == (2, 1, 16, 23)
    assert model.disp.eval()(features).shape == (2, 2, 16, 23)
