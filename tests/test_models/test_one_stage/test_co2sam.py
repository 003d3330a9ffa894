import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.engine import SkippingOptimWrapper
from mmwsss.models import Co2SAM
from mmwsss.models.sam.lora import lora_parameters
from mmwsss.structures import BoxPrompts
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam

SIDE = SIZES['image_size']
PREPROCESSOR = dict(type='SAMDataPreprocessor', side=SIDE)


def build(**options):
    torch.manual_seed(0)
    options = {'num_classes': 3, 'sam': dict(arch=SIZES), **options}
    model = Co2SAM(**options, data_preprocessor=PREPROCESSOR)
    model.sam.load_sam(tiny_sam(level=0.2))
    return model


def adapt(model):
    torch.manual_seed(1)
    for value in lora_parameters(model).values():
        torch.nn.init.normal_(value, std=0.2)
    return model


def sample(count, img_id='a', size=(SIDE, 96), classes=None, tags=(0, 1), **meta):
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 0.5, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.2, 0.5, (count, 2))], 1)
    result = SegDataSample(metainfo=dict(img_id=img_id, img_shape=size, ori_shape=(40, 30), **meta))
    classes = np.arange(count) % 3 if classes is None else classes
    result.set_field(BoxPrompts(boxes, rng.uniform(0.3, 1, count), classes, (40, 30)), 'prompts')
    result.gt_label = torch.tensor([float(k in tags) for k in range(3)])
    return result


def images(count, seed=0, size=(SIDE, 96)):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randint(0, 256, (3, *size), generator=rng).byte() for _ in range(count)]


def data(*samples):
    count = len(samples)
    return dict(inputs=[images(count, 0), images(count, 1)], data_samples=list(samples))


def losses(model, *samples):
    return model(**model.data_preprocessor(data(*samples), True), mode='loss')


def test_losses_of_a_batch_are_the_mean_over_its_images():
    model = adapt(build())
    together = losses(model, sample(2), sample(0), sample(3))
    assert together['boxes'] == 5 and together['without_boxes'] == 1
    views = data(sample(2), sample(0), sample(3))
    total = {}
    for i in (0, 2):
        one = dict(
            inputs=[[view[i]] for view in views['inputs']], data_samples=[views['data_samples'][i]]
        )
        parts = model(**model.data_preprocessor(one, True), mode='loss')
        for name, value in parts.items():
            total[name] = total.get(name, 0) + value / 2
    for name in (n for n in together if n.startswith('loss')):
        torch.testing.assert_close(together[name], total[name], rtol=1e-4, atol=1e-5)


def test_gradients_reach_lora_alone():
    model = adapt(build())
    sum(v for k, v in losses(model, sample(2)).items() if 'loss' in k).backward()
    trained = {name for name, p in model.named_parameters() if p.grad is not None}
    assert trained == set(lora_parameters(model)) and all('lora_' in name for name in trained)


def test_at_the_start_both_teachers_agree():
    """LoRA changes nothing yet: the template is what the network itself says."""
    model, one = build(), sample(2)
    boxes = one.prompts.pixels((SIDE, 96))
    with torch.no_grad():
        weak = model.data_preprocessor(data(one), True)['inputs'][0]
        ((low, _),) = model._templates(weak, [one], [boxes])
        own = model.sam.decode(model.sam.encode(weak), model.sam.prompts([boxes]))
        torch.testing.assert_close(low, own.low)
        ((again, _),) = adapt(model)._templates(weak, [one], [boxes])
    assert torch.equal(again, low), 'the template does not follow the training'


@pytest.mark.parametrize('flip', [None, 'horizontal', 'diagonal'])
def test_cached_teacher_equals_the_live_one(tmp_path, flip):
    live, cached = build(), build(teacher_cache=dict(folder=str(tmp_path)))
    for model in (live, cached):
        adapt(model)
    own = [sample(2, 'x/1', flip_direction=flip), sample(3, 'b')]
    expected = losses(live, *own)
    losses(cached, *own)
    assert len(list(tmp_path.rglob('*.npz'))) == 2
    calls = []
    encode = cached.sam.encode
    cached.sam.encode = lambda x: calls.append(len(x)) or encode(x)
    again = losses(cached, *own)
    assert calls == [4], 'the teacher is not asked again'
    for name, value in expected.items():
        torch.testing.assert_close(again[name], value, rtol=1e-6, atol=1e-6)
    losses(cached, own[0], sample(1, 'b'))
    assert calls == [4, 1, 4], 'other boxes, another answer'


def test_step_without_boxes_is_skipped_and_counted():
    model = adapt(build())
    wrapper = SkippingOptimWrapper(torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=0.1))
    model.train_step(data(sample(2)), wrapper)
    before = {name: p.clone() for name, p in model.named_parameters()}
    log = model.train_step(data(sample(0), sample(0)), wrapper)
    assert wrapper.skipped == 1 and log['without_boxes'] == 2
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    model.train_step(data(sample(1)), wrapper)
    assert wrapper.skipped == 1 and not wrapper.last_was_skipped


def test_another_process_has_boxes(monkeypatch):
    """The gradient is waited for: it is 0 instead of missing."""
    import mmwsss.models.one_stage.co2sam as module

    monkeypatch.setattr(module, 'all_reduce', lambda x: x.add_(1))
    model = adapt(build())
    parts = losses(model, sample(0))
    parts['loss_skipped'].backward()
    assert parts['loss_skipped'] == 0
    for value in lora_parameters(model).values():
        assert value.grad is not None and not value.grad.any()


def predict(model, *samples):
    batch = model.data_preprocessor(dict(inputs=images(len(samples)), data_samples=list(samples)))
    done = model(**batch, mode='predict')
    return [s.pred_sem_seg.data[0] for s in done]


def test_maps_have_the_size_of_the_photo_and_boxed_classes():
    model = adapt(build())
    first, second = predict(model, sample(3), sample(0))
    assert first.shape == (40, 30) and first.dtype == torch.int64
    assert set(first.unique().tolist()) <= {0, 1, 2, 3} and first.any() and not second.any()
    (alone,) = predict(model, sample(3))
    assert torch.equal(alone, first)
    model = adapt(build(test_cfg=dict(boxes_at_a_time=1)))
    assert (predict(model, sample(3))[0] == first).float().mean() > 0.99


def test_oracle_tags_are_used_where_asked_for_alone():
    honest, oracle = adapt(build()), adapt(build(test_cfg=dict(oracle_tags=True)))
    kwargs = dict(classes=[0, 2, 2], tags=(0,))
    assert 3 in predict(honest, sample(3, **kwargs))[0]
    assert 3 not in predict(oracle, sample(3, **kwargs))[0]
    assert honest.store_output().protocol['image_labels_at_test_time'] == 'not used'
    assert oracle.store_output().protocol['image_labels_at_test_time'] == 'oracle tags'
    bare = sample(2, 'x/4')
    del bare.gt_label
    assert predict(honest, bare)
    with pytest.raises(ValueError, match='x/4: no image-level labels .*oracle_tags=True'):
        predict(oracle, bare)


def test_sam_that_it_started_from():
    plain, adapted = build(), adapt(build(test_cfg=dict(adapted=False)))
    assert not any(p.requires_grad for p in adapted.parameters()), 'no checkpoint is asked for'
    assert torch.equal(predict(plain, sample(3))[0], predict(adapted, sample(3))[0])


def test_bad_input():
    bare = SegDataSample(metainfo=dict(img_id='x/7', img_shape=(SIDE, 96), ori_shape=(4, 4)))
    for mode in ('loss', 'predict'):
        model = build()
        x = torch.zeros(1, 3, SIDE, SIDE)
        with pytest.raises(ValueError, match='x/7: no box prompts; .*LoadPrompts'):
            model([x, x] if mode == 'loss' else x, [bare], mode=mode)
    with pytest.raises(ValueError, match=r"unknown keys \['oracle'\], known are"):
        build(test_cfg=dict(oracle=True))
    with pytest.raises(ValueError, match="mode must be 'loss', 'predict' or 'tensor'"):
        model(x, mode='train')
