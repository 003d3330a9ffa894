"""``CLIPES``: seeds without training, and what it refuses."""

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import CLIPES
from mmwsss.registry import MODELS
from tests.test_models.test_clip.tiny_clip import PREPROCESSOR, SIZES, tiny_clip

CAA = dict(threshold=0.4, source='score', rounds=3, passes=2, layers=3)


def build(clip=None, prompts=None, test_cfg=None, **options):
    prompts = {**dict(names=['cat', 'dog', 'car'], background=['sky', 'grass']), **(prompts or {})}
    return CLIPES(
        clip or tiny_clip(),
        prompts,
        **{**dict(num_classes=3, data_preprocessor=PREPROCESSOR), **options},
        test_cfg=dict(caa=CAA) if test_cfg is None else test_cfg,
    )


def sample_of(tags=(1, 0, 1), size=(30, 40), name='photo'):
    sample = SegDataSample(metainfo=dict(ori_shape=size, img_id=name))
    sample.gt_label = torch.tensor(tags, dtype=torch.float32)
    return sample


def photos(*sizes):
    torch.manual_seed(0)
    return [torch.randint(0, 255, (3, *size), dtype=torch.uint8) for size in sizes]


def predict(model, samples, *sizes):
    return model.test_step(dict(inputs=photos(*sizes), data_samples=samples))


def test_seeds():
    (sample,) = predict(build(), [sample_of()], (32, 40))
    scores = sample.seeds.scores
    assert sample.seeds.classes.tolist() == [0, 2] and scores.shape == (2, 30, 40)
    assert scores.min() >= 0 and (scores.max((1, 2)) <= 1).all()
    assert sample.tag_scores.shape == (3,)


def test_a_photo_without_tags_is_background():
    samples = predict(build(), [sample_of((0, 0, 0)), sample_of()], (32, 40), (32, 40))
    assert len(samples[0].seeds.classes) == 0 and samples[0].seeds.size == (30, 40)
    assert len(samples[1].seeds.classes) == 2


def test_a_batch_gives_what_its_images_give_alone():
    both = predict(build(), [sample_of(), sample_of((0, 1, 0))], (32, 40), (32, 40))
    model = build()
    for image, tags, together in zip(
        photos((32, 40), (32, 40)), ((1, 0, 1), (0, 1, 0)), both, strict=True
    ):
        data = dict(inputs=[image], data_samples=[sample_of(tags)])
        (alone,) = model.test_step(data)
        np.testing.assert_allclose(alone.seeds.scores, together.seeds.scores, atol=1e-4)


def test_tags_can_be_predicted():
    model = build(test_cfg=dict(caa=CAA, use_tags=False, tag_threshold=0.0))
    sample = SegDataSample(metainfo=dict(ori_shape=(30, 40)))
    (sample,) = predict(model, [sample], (32, 40))
    assert sample.seeds.classes.tolist() == [0, 1, 2]


def test_without_spreading_the_maps_are_those_of_grad_cam():
    model = build(test_cfg=dict())
    (sample,) = predict(model, [sample_of((1, 0, 0), size=(32, 40))], (32, 40))
    inputs = model.data_preprocessor(dict(inputs=photos((32, 40))), False)['inputs']
    with torch.no_grad():
        cam = model.cams(inputs).cam[0, :1]
    assert cam.shape == (1, 4, 5) and sample.seeds.scores.shape == (1, 32, 40)


def test_nothing_to_train_or_to_save():
    model = build()
    assert not list(model.parameters()) and not model.state_dict()
    with pytest.raises(NotImplementedError, match='nothing to train'):
        model.loss(None, [])


def test_the_record_names_clip_and_prompts():
    protocol = build().protocol()
    assert protocol['prompts'] == dict(template='a clean origami {}.', background=['sky', 'grass'])
    assert protocol['clip']['width'] == 64 and protocol['caa'] == CAA
    assert protocol['seeds_of'] == 'image-level labels'


def test_texts_can_be_enriched():
    """By the bank that ExCEL has; published is none."""
    bank = dict(sentences=[f'{a} near {b}.' for a in 'abc' for b in 'xyz'], centres=4)
    plain, enriched = build(), build(bank=bank)
    texts = plain.seeder.text(), enriched.seeder.text()
    assert not torch.allclose(texts[0][:3], texts[1][:3])
    torch.testing.assert_close(texts[0][3:], texts[1][3:])
    (sample,) = predict(enriched, [sample_of()], (32, 40))
    assert sample.seeds.scores.shape == (2, 30, 40)
    assert 'text_bank' in enriched.protocol() and 'text_bank' not in plain.protocol()


def test_refused(tmp_path):
    with pytest.raises(ValueError, match='2 names of prompts for 3 classes'):
        build(prompts=dict(names=['cat', 'dog']))
    with pytest.raises(ValueError, match='test_cfg has unknown keys'):
        build(test_cfg=dict(flip=True))
    with pytest.raises(ValueError, match='looks at one scale'):
        model = build()
        x = torch.zeros(1, 3, 32, 32)
        model.predict_batch([x, x], [sample_of()])
    torch.save(tiny_clip(vision_width=128).module.state_dict(), tmp_path / 'other.pt')
    clip = dict(type='CLIP', arch=SIZES, checkpoint=str(tmp_path / 'other.pt'))
    with pytest.raises(ValueError, match='a CLIP of other sizes: vision_width 128 found, 64'):
        MODELS.build(dict(type='CLIPES', clip=clip, prompts=dict(names=['a']), num_classes=1))
    with pytest.raises(ValueError, match='sides in multiples of 8'):
        predict(build(), [sample_of()], (30, 40))
