"""``ExCEL``: labels, losses, test, and what it refuses."""

import pytest
import torch
from mmengine.logging import MessageHub

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import ExCEL
from mmwsss.models.image_labels import image_labels
from tests.test_models.test_clip.tiny_clip import tiny_clip
from tests.test_models.test_one_stage.test_weclip import batch, losses
from tests.test_models.test_one_stage.test_weclip import build as build_weclip

CAA = dict(threshold=0.79, source='score', rounds=3, passes=0, layers=2)
BANK = dict(sentences=[f'a clean origami {n}, seen {k}.' for n in 'abc' for k in 'xyz'], centres=4)


def build(**options):
    defaults = dict(
        caa=CAA,
        bank=BANK,
        surgery=1,
        test_cfg=dict(long_side=32, scales=(1.0, 1.5)),
    )
    return build_weclip(ExCEL, **{**defaults, **options})


@pytest.fixture(autouse=True)
def first_iteration():
    yield
    MessageHub.get_current_instance().update_info('iter', 0)


def test_what_is_trained_and_saved():
    model = build()
    assert {name.split('.')[0] for name in model.state_dict()} == {'fusion', 'decoder'}
    assert len(model.fusion.perceptrons) == 3
    found = losses(model, batch((1, 0, 1), (0, 1, 0)))
    assert set(found) == {'loss_seg', 'loss_affinity'}
    sum(found.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert all(p.grad is None for p in model.seeder.clip.module.parameters())


@pytest.mark.parametrize('iteration', [1, 20, 40])
def test_a_batch_without_foreground_has_a_loss(iteration):
    model = build(learnt_after=10, own_labels_after=30)
    MessageHub.get_current_instance().update_info('iter', iteration - 1)
    found = losses(model, batch((0, 0, 0), (0, 0, 0)))
    assert all(value.isfinite() for value in found.values())


def test_labels_are_of_the_tags():
    model = build()
    data = model.data_preprocessor(batch((1, 0, 1), (0, 0, 0)), True)
    seen, tags = model.segment(data['inputs']), image_labels(data['data_samples'], 3)
    for phase2 in (False, True):
        label = model.labels(data['inputs'], seen, tags, phase2)
        assert set(label[0].unique().tolist()) <= {0, 1, 3}
        assert (label[1] == 0).all(), 'a photo without tags is background'


def test_own_labels_teach_the_affinity_later():
    model = build(own_labels_after=5)
    seen = model.segment(torch.randn(1, 3, 32, 40))
    label = torch.zeros(1, 32, 40, dtype=torch.long)
    label[:, :4] = 255
    taught = []
    for iteration in (5, 6):
        MessageHub.get_current_instance().update_info('iter', iteration - 1)
        taught.append(model.affinity_label(seen, label))
    assert torch.equal(taught[0], label)
    assert not torch.equal(taught[1], label) and (taught[1][:, :4] == 255).all()
    model.own_labels_after = None
    assert torch.equal(model.affinity_label(seen, label), label)


def test_seeds_of_a_test_are_made_without_learnt_maps():
    model = build()
    seen, tags = model.segment(torch.randn(1, 3, 32, 40)), torch.ones(1, 3)
    (trained,), _ = model.train().maps(seen, tags, True)
    (tested,), _ = model.eval().maps(seen, tags, True)
    assert torch.equal(tested, model.class_maps(seen)[0])
    assert not torch.allclose(trained, tested)


def test_segmentation_and_seeds():
    data = batch((1, 0, 1), (0, 0, 0))
    model = build().eval()
    for sample in model.test_step(data):
        assert sample.pred_sem_seg.data.shape == (1, 32, 40)
    assert model.protocol()['image_labels_at_test_time'] == 'not used'
    seeds = build(test_cfg=dict(long_side=32, scales=(1,), output='seeds')).eval()
    first, second = seeds.test_step(data)
    assert first.seeds.classes.tolist() == [0, 2] and first.seeds.scores.shape == (2, 32, 40)
    assert second.seeds.classes.tolist() == [] and (second.seeds.background > 0.99).all()
    assert {'text_bank', 'surgery', 'threshold', 'learnt'} <= set(seeds.protocol())


def test_the_segmentation_does_not_depend_on_other_photos():
    model = build().eval()
    x = torch.randn(2, 3, 32, 32)
    both = model.segment(x).logits
    torch.testing.assert_close(both[1:], model.segment(x[1:]).logits, atol=1e-5, rtol=1e-5)


def test_validation_gives_both():
    for sample in build().eval().val_step(batch((1, 0, 0))):
        assert 'seeds' in sample and sample.pred_sem_seg.data.shape == (1, 32, 40)


def test_affinity_is_relative_to_the_batch():
    model, features = build(), torch.randn(2, 8, 3, 4)
    affinity = model.affinity(features)
    assert affinity.shape == (2, 12, 12)
    torch.testing.assert_close(affinity, affinity.transpose(1, 2))
    assert not torch.allclose(model.affinity(features[:1]), affinity[:1])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(test_cfg=dict(side=32)), r"unknown keys \['side'\]"),
        (dict(test_cfg=dict(output='masks')), 'test_cfg.output must be one of'),
        (dict(test_cfg=dict(scales=())), 'positive scales and a positive long_side'),
        (
            dict(test_cfg=dict(long_side=32, scales=(0.7,))),
            r'multiple of a patch of 8 .* found True and \[22\]',
        ),
        (dict(test_cfg=dict(square=False)), 'found False and'),
        (dict(surgery=3), '1 to 2 of the 3 blocks'),
        (dict(num_classes=4), '3 names of prompts for 4 classes'),
        (dict(clip=tiny_clip(vision_layers=1), caa=dict(CAA, layers=1)), 'attention of 2 blocks'),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
