"""``WeCLIP``: labels, losses, phases, test, and what it refuses."""

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmseg.structures import SegDataSample

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import WeCLIP, WSSSDataPreprocessor
from mmwsss.models.image_labels import image_labels
from mmwsss.models.one_stage.phase_trigger import PhaseTrigger
from tests.test_models.test_clip.tiny_clip import tiny_clip

CAA = dict(threshold=0.4, source='score', rounds=3, passes=2, layers=2)


def build(kind=WeCLIP, clip=None, **options):
    torch.manual_seed(0)
    defaults = dict(
        clip=clip or tiny_clip(),
        prompts=dict(names=['cat', 'dog', 'car'], background=['sky', 'grass']),
        num_classes=3,
        caa=CAA,
        choose=2,
        channels=16,
        layers=1,
        heads=2,
        data_preprocessor=WSSSDataPreprocessor(),
        test_cfg=dict(long_side=48),
    )
    return kind(**{**defaults, **options})


def batch(*tags, size=(32, 40), **meta):
    torch.manual_seed(1)
    samples = []
    for index, own in enumerate(tags):
        sample = SegDataSample(metainfo=dict(ori_shape=size, img_id=f'photo{index}', **meta))
        if own is not None:
            sample.gt_label = torch.tensor(own, dtype=torch.float32)
        samples.append(sample)
    images = [torch.randint(0, 255, (3, *size), dtype=torch.uint8) for _ in tags]
    return dict(inputs=images, data_samples=samples)


def losses(model, data):
    return model.train()(**model.data_preprocessor(data, True), mode='loss')


def test_what_is_trained_and_saved():
    model = build()
    assert {name.split('.')[0] for name in model.state_dict()} == {'fusion', 'decoder'}
    clip = {k: v.clone() for k, v in model.seeder.clip.module.state_dict().items()}
    found = losses(model, batch((1, 0, 1), (0, 1, 0)))
    sum(found.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert all(v.equal(clip[k]) for k, v in model.seeder.clip.module.state_dict().items())
    assert all(p.grad is None for p in model.seeder.clip.module.parameters())


@pytest.mark.parametrize('after', [0, 10])
def test_a_batch_without_foreground_has_a_loss(after):
    found = losses(build(phase2=dict(after=after)), batch((0, 0, 0), (0, 0, 0)))
    assert set(found) == {'loss_seg', 'loss_affinity'}
    assert all(value.isfinite() for value in found.values())


def test_labels_are_of_the_tags():
    model = build()
    data = model.data_preprocessor(batch((1, 0, 1), (0, 0, 0)), True)
    seen = model.segment(data['inputs'], 2)
    tags = image_labels(data['data_samples'], 3)
    label = model.labels(data['inputs'], seen, tags, True, [(0, 0, 20, 40), (0, 0, 32, 40)])
    assert set(label[0].unique().tolist()) <= {0, 1, 3, 255} and (label[0, 20:] == 255).all()
    assert (label[1] == 0).all(), 'a photo without tags is background'


def test_padding_can_be_ignored():
    model = build(ignore_padding=True)
    with pytest.raises(ValueError, match='photo0: ignore_padding needs the place of the picture'):
        losses(model, batch((1, 0, 0)))
    assert losses(model, batch((1, 0, 0), picture_box=(0, 0, 32, 20)))['loss_seg'].isfinite()


def test_phases():
    model = build(phase2=dict(after=1, count='forwards'))
    data = batch((1, 1, 1))
    torch.manual_seed(0)
    first = losses(model, data)
    assert not model.phase2() and model.phase2.forwards == 1
    torch.manual_seed(0)
    second = losses(model, data)
    assert model.phase2() and first['loss_seg'] != second['loss_seg']
    model.val_step(data)
    assert model.phase2.forwards == 3, 'the validation counts'
    trigger, hub = PhaseTrigger(5), MessageHub.get_current_instance()
    hub.update_info('iter', 4)
    assert not trigger()
    hub.update_info('iter', 5)
    assert trigger(), 'the sixth iteration'
    hub.update_info('iter', 0)
    for options in (dict(after=-1), dict(count='images')):
        with pytest.raises(ValueError, match='after is at least 0 and count one of'):
            PhaseTrigger(**options)


def test_segmentation_needs_no_tags_and_any_size():
    model = build()
    data = batch(None, size=(37, 45))
    (sample,) = model.test_step(data)
    assert sample.pred_sem_seg.data.shape == (1, 37, 45)
    assert sample.pred_sem_seg.data.max() <= 3
    assert model.protocol()['image_labels_at_test_time'] == 'not used'


def test_validation_scores_both():
    samples = build().val_step(batch((1, 0, 1), None, (0, 0, 0)))
    assert all('pred_sem_seg' in sample for sample in samples)
    assert samples[0].seeds.classes.tolist() == [0, 2] and 'seeds' not in samples[1]
    assert (samples[2].seeds.to_mask() == 0).all()


def test_seeds_are_the_labels():
    """Those of phase 2, at the size of the network."""
    model = build(test_cfg=dict(output='seeds', long_side=None)).eval()
    data = batch((1, 0, 1))
    (sample,) = model.test_step(data)
    x = model.data_preprocessor(data, False)['inputs']
    seen = model.segment(x, 2)
    label = model.labels(x, seen, image_labels(data['data_samples'], 3), True)
    np.testing.assert_array_equal(sample.seeds.to_mask(), label[0])
    protocol = model.protocol()
    assert protocol['seeds_of'] == 'image-level labels' and protocol['caa']['rounds'] == 3


def test_crf():
    cfg = dict(gaussian_sxy=3, gaussian_compat=3)
    cfg |= dict(bilateral_sxy=64, bilateral_srgb=5, bilateral_compat=4)
    plain, refined = (
        build(test_cfg=dict(long_side=48, crf=crf)).test_step(batch(None))[0].pred_sem_seg.data
        for crf in (None, cfg)
    )
    assert plain.shape == refined.shape and plain.dtype == refined.dtype == torch.int64


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(test_cfg=dict(fuse='s2c')), 'test_cfg has unknown keys'),
        (dict(test_cfg=dict(output='both')), 'test_cfg.output must be one of'),
        (dict(test_cfg=dict(scales=())), 'positive scales'),
        (dict(prompts=dict(names=['cat'])), '1 names of prompts for 3 classes'),
        (dict(caa={**CAA, 'layers': 8}), 'the attention of 8 blocks is wanted, this CLIP has 3'),
        (dict(choose=6), 'the attention of 6 blocks is wanted'),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode must be 'loss'"):
        build()(torch.zeros(1, 3, 32, 32), mode='both')
