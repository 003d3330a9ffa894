"""ToCo, and what its descendants share with it."""

from unittest import mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.models import CAMViT, SoftmaxScores, ToCo
from mmwsss.registry import MODELS

BACKBONE = dict(
    type='ClassTokenViT',
    num_classes=1,
    background=False,
    tokenizer_channels=None,
    arch=dict(embed_dims=16, num_layers=4, num_heads=2, feedforward_channels=32),
    img_size=64,
    drop_path_rate=0.0,
    final_norm=True,
    frozen_positions=True,
)
NETWORK = dict(
    type='CAMViT',
    num_classes=3,
    backbone=BACKBONE,
    decoder=dict(type='DilatedDecoder', in_channels=16, num_classes=4, channels=8),
)
CONFIG = dict(
    type='ToCo',
    network=NETWORK,
    head=dict(hidden=12, bottleneck=6, prototypes=8),
    local_size=32,
    num_local=2,
    segment_from=0,
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
)
PARTS = ('loss_cls', 'loss_aux', 'loss_ptc', 'loss_ctc', 'loss_seg', 'loss_reg')


def build(**options):
    torch.manual_seed(0)
    return MODELS.build({**CONFIG, **options})


def samples(count=2, size=(64, 64), **meta):
    found = []
    for number in range(count):
        sample = SegDataSample(metainfo=dict(img_id=str(number), ori_shape=size, **meta))
        sample.gt_label = torch.tensor([1.0, 0, number % 2])
        found.append(sample)
    return found


def views(count=2):
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(count, 3, 64, 64, generator=rng) for _ in range(3)]


@pytest.fixture(autouse=True)
def iteration():
    """Set the iteration of the training; 0 in the end."""
    hub = MessageHub.get_current_instance()
    yield lambda number: hub.update_info('iter', number)
    hub.update_info('iter', 0)


def gradients(model, losses):
    sum(losses.values()).backward()
    return {n: p.grad for n, p in model.named_parameters() if p.requires_grad}


def test_every_weight_gets_a_gradient():
    model = build()
    losses = model.loss(views(), samples())
    assert tuple(sorted(losses)) == tuple(sorted(PARTS))
    found = gradients(model, losses)
    assert all(grad is not None and grad.isfinite().all() for grad in found.values())
    assert not any('pos_embed' in name or name.startswith('teacher.') for name in found)


def test_warm_up(iteration):
    """What does not count yet has a loss of 0 and gradients of 0, so that weights still decay."""
    model = build(segment_from=5, contrast_from=7)
    iteration(4)
    found = gradients(model, model.loss(views(), samples()))
    for name in ('network.decoder.0.weight', 'student.prototypes'):
        assert found[name] is not None and not found[name].any()
    iteration(5)
    losses = model.loss(views(), samples())
    assert losses['loss_seg'] > 0 == losses['loss_ctc']
    iteration(7)
    assert model.loss(views(), samples())['loss_ctc'] > 0


def test_labels_of_the_auxiliary_map_at_first(iteration, monkeypatch):
    model, asked = build(own_cam_from=3), []
    maps = torch.zeros(2, 3, 64, 64), torch.ones(2, 3, 64, 64)
    monkeypatch.setattr(model.network, 'multi_scale_cams', lambda *_: maps)
    monkeypatch.setattr(
        model,
        'pseudo_labels',
        lambda view, cam, tags, boxes: asked.append(cam) or torch.zeros(2, 64, 64),
    )
    for number in (2, 3):
        iteration(number)
        model.loss(views(), samples())
    assert asked[0] is maps[1] and asked[1] is maps[0]


def test_teacher_follows_before_it_is_asked():
    model = build(momentum=0.75)
    with torch.no_grad():
        model.student.prototypes.add_(1)
    before = model.teacher.prototypes.clone()
    model.loss(views(), samples())
    expected = 0.75 * before + 0.25 * model.student.prototypes
    torch.testing.assert_close(model.teacher.prototypes, expected)


def test_the_teacher_follows_once_a_step():
    """Also where a step is done in parts."""
    hub = MessageHub.get_current_instance()
    model = build(momentum=0.75)
    for part in (0, 1, 2):
        hub.update_info('part_of_step', part)
        before = model.teacher.prototypes.clone()
        with torch.no_grad():
            model.student.prototypes.add_(1)
        model.loss(views(), samples())
        assert torch.equal(before, model.teacher.prototypes) is (part > 0)
    hub.update_info('part_of_step', 0)


def test_no_foreground_is_no_nan():
    """Tags of nothing: neither crops nor labels show an object."""
    found = samples()
    for sample in found:
        sample.gt_label.zero_()
    losses = build().loss(views(), found)
    assert all(value.isfinite() for value in losses.values())


def test_boxes_on_tokens():
    model = build()
    cam, tags = torch.ones(1, 3, 64, 64), torch.ones(1, 3)
    boxes = torch.tensor([[0, 64, 20, 50]])  # columns; tokens of 16 pixels, 1 to 3
    labels = model.token_labels(cam, (4, 4), tags, boxes)
    assert (labels[0] == 255).all(0).tolist() == [True, False, False, False]
    published = build(scale_token_boxes=False).token_labels(cam, (4, 4), tags, boxes)
    assert (published == 255).all()
    assert model.boxes(cam, samples(1, valid_box=(1, 2, 3, 4))).tolist() == [[1, 3, 2, 4]]
    assert model.boxes(cam, samples(1)).tolist() == [[0, 64, 0, 64]]


def test_padding_is_not_labelled():
    model = build(high=0.5, low=0.5)
    box = torch.tensor([[8, 64, 0, 40]])
    labels = model.pseudo_labels(views(1)[0], torch.rand(1, 3, 64, 64), torch.ones(1, 3), box)
    assert (labels[0, :8] == 255).all() and (labels[0, :, 40:] == 255).all()
    assert (labels[0, 8:, :40] != 255).any()


@pytest.mark.parametrize('seeds', [False, True])
def test_predicts_images_of_any_size(seeds):
    model = build(test_cfg=dict(seeds=seeds, scales=(1.0, 1.5), use_tags=seeds)).eval()
    sizes = [(60, 70), (48, 48), (60, 70)]
    images = [torch.randn(3, *size, generator=torch.Generator().manual_seed(1)) for size in sizes]
    found = [samples(1, size)[0] for size in sizes]
    model.predict(images, found)
    for size, sample in zip(sizes, found, strict=True):
        assert sample.pred_sem_seg.data.shape == (1, *size)
        assert sample.seg_logits.data.shape == (4, *size)
        assert ('seeds' in sample) == seeds
        if seeds:
            assert sample.seeds.classes.tolist() == sample.gt_label.nonzero().flatten().tolist()
    torch.testing.assert_close(found[0].seg_logits.data, found[2].seg_logits.data)


def test_maps_of_the_tagged_classes_alone_are_enlarged(monkeypatch):
    """Of 80 classes all maps in the size of a photo would take a hundred megabytes."""
    model, cam = build().eval(), torch.rand(1, 3, 64, 64)
    monkeypatch.setattr(model.network, 'multi_scale_cams', lambda *_: (cam, cam))
    found = samples(1, (70, 90))
    with mock.patch.object(F, 'interpolate', wraps=F.interpolate) as resize:
        model._fill_seeds(cam, (70, 90), found)
    assert [len(call.args[0]) for call in resize.call_args_list] == [1]
    expected = F.interpolate(cam[:, :1], (70, 90), mode='bilinear')[0]
    np.testing.assert_array_equal(found[0].seeds.scores, expected)


def test_logits_in_half_precision_are_enlarged_in_single_precision():
    model, image = build(), views(1)[0]
    logits = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    rest = torch.zeros(1, 64, 64).byte(), image, torch.tensor([[0, 64, 0, 64]])
    found, expected = (model.segmentation(x, *rest) for x in (logits, logits.float()))
    assert found == expected


def test_segmentation_needs_no_tags():
    sample = SegDataSample(metainfo=dict(img_id='a', ori_shape=(64, 64)))
    build().predict(views(1)[0], [sample])
    assert sample.tag_scores.shape == (3,)


def test_merging_rules():
    image = views(1)[0]
    maps = {}
    for flips, scales in (('sum', 'max'), ('max', 'sum'), ('sum', 'sum')):
        cfg = dict(merge_flips=flips, merge_scales=scales, scales=(1.0, 1.5))
        maps[flips, scales], _ = build(test_cfg=cfg).segment(image, (64, 64))
    single = [build(test_cfg=dict(flip=False, scales=(s,))) for s in (1.0, 1.5)]
    parts = [
        (m.segment(image, (64, 64))[0], m.segment(image.flip(-1), (64, 64))[0].flip(-1))
        for m in single
    ]
    expected = {
        ('sum', 'max'): torch.maximum(*(a + b for a, b in parts)),
        ('max', 'sum'): sum(torch.maximum(a, b) for a, b in parts),
        ('sum', 'sum'): sum(a + b for a, b in parts),
    }
    for rule, value in expected.items():
        torch.testing.assert_close(maps[rule], value, rtol=1e-4, atol=1e-5)


def test_validation_has_settings_of_its_own():
    model = build(val_cfg=dict(seeds=True, side=32, flip=False))
    data = dict(inputs=[torch.zeros(3, 64, 64).byte()], data_samples=samples(1))
    (validated,) = model.val_step(data)
    assert 'seeds' in validated and not model.test_cfg.seeds
    (tested,) = model.test_step(dict(inputs=data['inputs'], data_samples=samples(1)))
    assert 'seeds' not in tested


def test_scores_for_a_crf():
    wrapper = SoftmaxScores(build(), min_score=0.0)
    data = dict(inputs=[torch.zeros(3, 64, 64).byte()], data_samples=samples(1))
    (sample,) = wrapper.test_step(data)
    total = sample.seeds.background + sample.seeds.scores.sum(0)
    assert abs(total - 1).max() < 1e-5


def test_batch_equals_the_mean_of_its_images_where_the_losses_allow():
    """Classification, class tokens and energy do; token pairs and pixels are of the own batch."""
    model = build()
    model.network.multi_scale_cams = lambda x, _: (torch.full((len(x), 3, 64, 64), 0.5),) * 2
    model.local_crops = lambda x, cam, tags: (
        torch.cat([x[..., :32, :32], x[..., 32:, 32:]]),
        torch.tensor([[True, False]] * len(x)),
    )
    inputs, tagged = views(2), samples(2)
    whole = model.loss(inputs, tagged)
    halves = []
    for number in range(2):  # what two processes have in the same step
        model.teacher.load_state_dict(model.student.state_dict())
        part = [x[number : number + 1] for x in inputs]
        halves.append(model.loss(part, tagged[number : number + 1]))
    for name in ('loss_cls', 'loss_aux', 'loss_ctc', 'loss_reg'):
        torch.testing.assert_close((halves[0][name] + halves[1][name]) / 2, whole[name])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(network={**NETWORK, 'aux_block': 4}), 'aux_block must be -4 to 3 .* found 4'),
        (dict(low=0.8), '0 <= low <= high <= 1 .* found 0.8, 0.7'),
        (dict(cam_scales=()), r'positive cam_scales .* and \(\)'),
        (dict(momentum=2), 'momentum in .* found 2'),
        (dict(num_local=0), 'at least one local crop'),
        (dict(test_cfg=dict(scale=1)), r"test_cfg has unknown keys \['scale'\]"),
        (dict(val_cfg=dict(scale=1)), r"val_cfg has unknown keys \['scale'\]"),
        (dict(test_cfg=dict(scales=(0,))), r'scales must be positive factors .* found \(0,\)'),
        (dict(test_cfg=dict(merge_flips='mean')), "merge_flips must be one of .* found 'mean'"),
        (dict(test_cfg=dict(fuse='s2c')), "fuse is 'max_flip' here, found 's2c'"),
        (dict(data_preprocessor=None), 'data_preprocessor with mean and std'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_refuses_several_class_tokens():
    with pytest.raises(ValueError, match='one class token .* and 3'):
        build(network={**NETWORK, 'backbone': {**BACKBONE, 'num_classes': 3}})


def test_refuses_other_inputs():
    model = build()
    with pytest.raises(ValueError, match='three views .* found 1: .*TokenContrastViews'):
        model.loss(views()[0], samples())
    with pytest.raises(ValueError, match='found 2: leave MultiScale out'):
        model.predict([views(1)[0], views(1)[1]], samples(1))
    small = [view[..., :33, :33] for view in views()]
    with pytest.raises(ValueError, match='33 x 33 pixels have 1 places for crops of 32'):
        model.loss(small, samples())
    untagged = [SegDataSample(metainfo=dict(img_id='x')) for _ in range(2)]
    with pytest.raises(ValueError, match='x: no image-level labels'):
        model.loss(views(), untagged)


def test_heads_begin_as_torch_initialises_them():
    """Also after mmengine's own initialisation."""
    model = build()
    before = {n: p.clone() for n, p in model.named_parameters()}
    model.init_weights()
    for part in ('network.decoder', 'network.classifier', 'student', 'teacher'):
        for name in (n for n in before if n.startswith(part)):
            assert torch.equal(before[name], dict(model.named_parameters())[name])
    assert isinstance(model.network, CAMViT) and isinstance(model, ToCo)
    assert all(isinstance(m, nn.Conv2d | nn.ReLU) for m in model.network.decoder)
