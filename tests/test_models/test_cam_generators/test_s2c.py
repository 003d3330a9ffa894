"""S2C: losses, prompting, and what SAM is no part of."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.models import S2C, CAMGenerator, CAMHead, ResNet38d
from mmwsss.models.sam import PointDecoder, PointMasks
from mmwsss.ops.cam import normalize_cam
from mmwsss.ops.peaks import pick_points
from mmwsss.registry import MODELS

PREPROCESSOR = dict(type='WSSSDataPreprocessor')
TAGS = torch.tensor([[1.0, 0, 1], [0, 1, 0]])


class Discs(PointDecoder):
    """A disc around the first point; notes what it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, images, samples, image, points):
        self.asked.append((images, samples, image, points))
        y, x = torch.meshgrid(*(torch.arange(n) for n in images.shape[-2:]), indexing='ij')
        first = torch.as_tensor(np.array([p[0] for p in points])).view(-1, 2, 1, 1)
        masks = (x - first[:, 0]) ** 2 + (y - first[:, 1]) ** 2 < 64
        return PointMasks(masks, masks.float())


class NaN(nn.Module):
    def forward(self, features, *_):
        return features.sum() * torch.nan


def build(decoder=None, **options):
    torch.manual_seed(0)
    head = CAMHead(in_channels=128, num_classes=3, proj_channels=8)
    options = {'data_preprocessor': PREPROCESSOR, 'peak_distance': 5, **options}
    return S2C(ResNet38d(base_channels=2), head, point_decoder=decoder, **options)


def batch(size=(32, 40)):
    samples = []
    for number, tags in enumerate(TAGS):
        sample = SegDataSample(metainfo=dict(img_id=f'x/{number}', ori_shape=size))
        segments = torch.arange(size[1]).div(8, rounding_mode='floor').repeat(size[0], 1)
        sample.segments, sample.gt_label = PixelData(data=segments[None]), tags
        samples.append(sample)
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1)), samples


@pytest.fixture
def epoch():
    """Sets the epoch as the runner does."""
    hub = MessageHub.get_current_instance()
    yield lambda value: hub.update_info('epoch', value)
    hub.update_info('epoch', 0)


def test_prompting_begins_with_its_epoch(epoch):
    decoder = Discs()
    model = build(decoder).train()
    for number, expected in ((0, False), (1, False), (2, True), (3, True)):
        epoch(number)
        losses = model(*batch(), mode='loss')
        assert ('loss_cpm' in losses) == expected and {'loss_cls', 'loss_ssc'} <= set(losses)
    assert len(decoder.asked) == 2
    epoch(9)
    assert set(build(None, loss_ssc=None)(*batch(), mode='loss')) == {'loss_cls'}


def test_training_step(epoch):
    """All three losses reach the network, whose modes and statistics stay."""
    epoch(2)
    model = build(Discs(), cpm_begin=2).train()
    inputs, samples = batch()
    before = model.backbone.norm.running_mean.clone()
    losses = model(inputs, samples, mode='loss')
    for name in losses:
        model.zero_grad()
        losses[name].backward(retain_graph=True)
        for part in ('backbone.stage3.0.conv1', 'backbone.stage7.0.conv3', 'head.proj'):
            assert model.get_submodule(part).weight.grad.abs().sum() > 0, (name, part)
    assert model.backbone.stem.weight.grad is None
    assert torch.equal(model.backbone.norm.running_mean, before)
    assert model.backbone.stage6[0].dropout.training and model.training


def test_classification_loss_is_the_plain_one():
    model = build().eval()
    inputs, samples = batch()
    plain = CAMGenerator(model.backbone, model.head)
    torch.testing.assert_close(
        model(inputs, samples, mode='loss')['loss_cls'],
        plain(inputs, samples, mode='loss')['loss_cls'],
    )


def test_prompting():
    decoder = Discs()
    model = build(decoder, cpm_scales=(1.0, 0.5)).train()
    inputs, samples = batch()
    got = model.prompt(inputs, samples, TAGS)
    with torch.no_grad():
        model.eval()
        half = F.interpolate(inputs, (16, 20), mode='bilinear', align_corners=True)
        maps = [F.interpolate(model(x).cam, (32, 40), mode='bilinear') for x in (inputs, half)]
    total = normalize_cam((maps[0].relu() + maps[1].relu())[TAGS > 0])
    torch.testing.assert_close(got.cams, total)
    for points, expected in zip(got.points, pick_points(total, min_distance=5), strict=True):
        np.testing.assert_array_equal(points, expected)
    images, seen, image, points = decoder.asked[0]
    assert image == [0, 0, 1] and seen is samples and points is got.points
    assert 0 < images.std() < 255
    torch.testing.assert_close((images - 123.675)[:, :1] / 58.395, inputs[:, :1], atol=1e-4, rtol=0)
    assert got.labels.label.shape == (2, 32, 40) and not got.cams.requires_grad


def test_prompting_switches_dropout_off():
    model = build(Discs()).train()
    inputs, samples = batch()
    first, second = (model.prompt(inputs, samples, TAGS).cams for _ in range(2))
    assert torch.equal(first, second) and model.training


def test_untagged_batch(epoch):
    """Nothing to prompt for: everything is background."""
    epoch(2)
    model = build(Discs()).train()
    inputs, samples = batch()
    for sample in samples:
        sample.gt_label = torch.zeros(3)
    decoder = model.point_decoder = build_region_decoder(samples)
    assert model(inputs, samples, mode='loss')['loss_cpm'].isfinite()
    assert isinstance(decoder, PointDecoder)


def build_region_decoder(samples):
    for sample in samples:
        sample.regions = PixelData(data=sample.segments.data)
        sample.set_metainfo(dict(region_scores=np.ones(9, np.float32)))
    return MODELS.build(dict(type='RegionPointDecoder'))


def test_regions_in_the_place_of_sam(epoch):
    epoch(2)
    model = build(dict(type='RegionPointDecoder')).train()
    inputs, samples = batch()
    build_region_decoder(samples)
    losses = model(inputs, samples, mode='loss')
    sum(losses.values()).backward()
    assert losses['loss_cpm'] > 0
    label = model.prompt(inputs, samples, TAGS).labels.label
    assert set(label[0].unique().tolist()) <= {0, 2, 3} and set(label[1].unique().tolist()) <= {
        1,
        3,
    }


def test_losses_that_are_no_numbers_are_left_out(epoch):
    """And do not poison gradients."""
    epoch(2)
    model = build(Discs(), loss_ssc=NaN(), loss_cpm=NaN()).train()
    losses = model(*batch(), mode='loss')
    assert losses['loss_ssc'] == losses['loss_cpm'] == 0
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_predicts_as_the_plain_network():
    model = build(dict(type='SAMPointDecoder', sam=dict(type='SAM'))).eval()
    plain = CAMGenerator(model.backbone, model.head).eval()
    inputs, _ = batch()
    filled = [one.predict(inputs, batch()[1]) for one in (model, plain)]
    for ours, theirs in zip(*filled, strict=True):
        np.testing.assert_array_equal(ours.seeds.scores, theirs.seeds.scores)
    assert isinstance(model.point_decoder, dict), 'a test builds no SAM'


def test_checkpoint_is_that_of_the_plain_network():
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import SIZES

    model = build(dict(type='SAMPointDecoder', sam=dict(type='SAM', arch=SIZES)))
    model.init_weights()
    sam = model.point_decoder.sam
    plain = CAMGenerator(ResNet38d(base_channels=2), copy.deepcopy(model.head))
    plain.load_state_dict(model.state_dict(), strict=True)
    own = {id(p) for p in model.parameters()}
    assert not own & {id(p) for p in sam.module.parameters()}
    assert copy.deepcopy(model).point_decoder is model.point_decoder


def test_training_step_with_sam(epoch):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import tiny_sam

    epoch(2)
    model = build(dict(type='SAMPointDecoder', sam=tiny_sam())).train()
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(*batch(), mode='loss')
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in losses.values())
    sam = model.point_decoder.sam.module
    assert not sam.training and all(p.grad is None for p in sam.parameters())


def test_segment_map_of_another_size():
    inputs, samples = batch()
    samples[1].segments = PixelData(data=torch.zeros(1, 16, 40, dtype=torch.long))
    del samples[0].gt_label
    samples[0].gt_label = TAGS[0]
    message = r'x/1: the segment map has \(16, 40\) pixels, the image \(32, 40\)'
    with pytest.raises(ValueError, match=message):
        build()(inputs, samples, mode='loss')


def test_no_segment_map():
    inputs, samples = batch()
    del samples[0].segments
    with pytest.raises(ValueError, match=r'x/0: no segment map; the training pipeline needs'):
        build()(inputs, samples, mode='loss')


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(decoder=Discs(), data_preprocessor=None), "needs data_preprocessor=dict.type='WSSS"),
        (dict(cpm_scales=()), r'cpm_scales are positive factors .*found \(\) and 2'),
        (dict(cpm_scales=(1, 0)), r'found \(1, 0\) and 2'),
        (dict(cpm_begin=-1), 'cpm_begin is at least 0, found .* and -1'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
