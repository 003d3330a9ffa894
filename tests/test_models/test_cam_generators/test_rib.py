import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.models import RIB, CAMHead, WSSSDataPreprocessor
from mmwsss.ops.cam import fuse_scales, normalize_cam

SCALES = (1.0, 0.5, 1.5)


class Backbone(torch.nn.Module):
    """A stem that does not learn and a layer that does, at stride 4."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 4, 4, stride=4).requires_grad_(False)
        self.layer = torch.nn.Conv2d(4, 6, 3, padding=1)

    def forward(self, x):
        return (self.layer(self.stem(x).relu()).relu(),)


def network(**test_cfg):
    torch.manual_seed(0)
    head = CAMHead(in_channels=6, num_classes=5)
    return RIB(Backbone(), head, test_cfg=test_cfg, data_preprocessor=WSSSDataPreprocessor()).eval()


def batch(tags=(1, 3), size=(24, 32)):
    generator = torch.Generator().manual_seed(1)
    inputs = [
        torch.randn(1, 3, round(size[0] * s), round(size[1] * s), generator=generator)
        for s in SCALES
    ]
    label = torch.zeros(5)
    label[list(tags)] = 1
    others = torch.randint(0, 256, (3, 2, 3, 16, 16), dtype=torch.uint8, generator=generator)
    other_tags = torch.zeros(3, 2, 5)
    other_tags[..., 0] = 1
    boxes = torch.tensor([0, 2, 12, 16]).expand(3, 2, 4)
    meta = dict(img_id='x', ori_shape=size)
    meta |= dict(disjoint=others, disjoint_tags=other_tags, disjoint_boxes=boxes)
    sample = SegDataSample(metainfo=meta)
    sample.gt_label = label
    return inputs, [sample]


def first_maps(model, inputs, classes):
    """Maps of the untouched classifier, as RIB fuses them."""
    maps = []
    with torch.no_grad():
        for x in inputs:
            plain, mirrored = model.cams(torch.cat([x, x.flip(-1)])).cam[:, classes].relu()
            maps.append((plain + mirrored.flip(-1))[:, None])
    return normalize_cam(fuse_scales(maps, (24, 32), 'irn_cam')).numpy()


def test_one_step_gives_the_classifiers_maps():
    model = network(steps=1)
    inputs, samples = batch()
    seeds = model(inputs, samples, 'predict')[0].seeds
    assert seeds.classes.tolist() == [1, 3]
    assert seeds.scores.shape == (2, 6, 8)
    assert seeds.size == (24, 32)
    np.testing.assert_allclose(seeds.scores, first_maps(model, inputs, [1, 3]), atol=1e-6)


def test_steps_change_maps_and_leave_the_weights():
    model = network(steps=3, lr=1e-3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    inputs, samples = batch()
    once = model(inputs, samples, 'predict')[0].seeds.scores
    assert np.abs(once - first_maps(model, inputs, [1, 3])).max() > 1e-4
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    again = model(*batch(), 'predict')[0].seeds.scores
    np.testing.assert_array_equal(once, again)


def test_learning_raises_the_image_s_scores(monkeypatch):
    model = network(steps=3, lr=1e-3, map_only=(), cover_limit=1)
    targets = []
    original = RIB._score

    def watch(self, cam, tags):
        score = original(self, cam, tags)
        targets.append((int(tags[0].sum()), score.item()))
        return score

    monkeypatch.setattr(RIB, '_score', watch)
    model(*batch(), 'predict')
    own = [score for number, score in targets if number == 2]
    assert len(own) == 9  # three steps of three scales
    assert sum(own[6:]) > sum(own[:3])


@pytest.mark.parametrize(('limit', 'forwards'), [('logit_limit', 5), ('cover_limit', 6)])
def test_limits_stop(limit, forwards, monkeypatch):
    """After one step; where the map has exploded after the next one's look at scale 1."""
    seen = []
    original = RIB.cams
    monkeypatch.setattr(RIB, 'cams', lambda self, x: seen.append(x.shape) or original(self, x))
    inputs, samples = batch()
    scores = network(steps=3, **{limit: 0})(inputs, samples, 'predict')[0].seeds.scores
    # Tag scores, three scales, the other photos, and scale 1 again.
    assert len(seen) == forwards
    monkeypatch.undo()
    if limit == 'logit_limit':
        np.testing.assert_allclose(scores, first_maps(network(), inputs, [1, 3]), atol=1e-6)


def test_image_without_tags():
    inputs, samples = batch(())
    seeds = network()(inputs, samples, 'predict')[0].seeds
    assert not len(seeds.classes)
    assert seeds.size == (24, 32)


def test_missing_photos():
    inputs, (sample,) = batch()
    bare = SegDataSample(metainfo=dict(img_id='x', ori_shape=(24, 32)))
    bare.gt_label = sample.gt_label
    with pytest.raises(ValueError, match='x: RIB needs photos without its classes'):
        network()(inputs, [bare], 'predict')


def test_missing_scale():
    inputs, samples = batch()
    with pytest.raises(ValueError, match='speaks of scale 1, the pipeline gives 1 scales'):
        network()(inputs[:1], samples, 'predict')


@pytest.mark.parametrize('test_cfg', [dict(steps=0), dict(flip=False), dict(map_only=(0,))])
def test_bad_test_cfg(test_cfg):
    with pytest.raises(ValueError, match='test_cfg'):
        network(**test_cfg)


def test_padding_of_the_other_photos_is_the_mean_colour():
    """0 after normalisation, as in the classifier's training, and not black."""
    model = network()
    _, (sample,) = batch()
    x = model._normalise(sample.disjoint[0], sample.disjoint_boxes[0])
    assert not x[:, :, 12:].any() and not x[..., :2].any()
    pixels = model.data_preprocessor
    inside = (sample.disjoint[0].float() - pixels.mean) / pixels.std
    torch.testing.assert_close(x[:, :, :12, 2:], inside[:, :, :12, 2:])
