"""What WeCLIP, WeCLIP+ and ExCEL share: bad input, batches without foreground, tests."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models.one_stage.token_test_cfg import TokenTestCfg
from mmwsss.ops.dense_crf import DenseCRF, softmax_unary
from tests.test_models.test_clip.tiny_clip import SIZES, tiny_clip
from tests.test_models.test_one_stage import test_excel, test_weclip, test_weclip_plus
from tests.test_models.test_one_stage.test_weclip import batch, losses

KINDS = {
    'weclip': test_weclip.build,
    'weclip_plus': test_weclip_plus.build,
    'excel': test_excel.build,
}


@pytest.fixture(params=KINDS)
def build(request):
    return KINDS[request.param]


def test_clip_of_another_architecture(build, tmp_path):
    torch.save(tiny_clip(vision_width=128).module.state_dict(), tmp_path / 'other.pt')
    clip = dict(type='CLIP', arch=SIZES, checkpoint=str(tmp_path / 'other.pt'))
    with pytest.raises(ValueError, match=r'other.pt: a CLIP of other sizes: vision_width 128'):
        build(clip=clip)


def test_crops_that_do_not_fit_a_grid_of_14(build):
    """As 320 pixels with ViT-L/14, which end WeCLIP+'s release."""
    model = build(
        clip=tiny_clip(vision_patch_size=14, image_resolution=28),
        test_cfg=dict(long_side=28, scales=(1, 1.5)),
    )
    with pytest.raises(ValueError, match=r'of \(32, 42\) .* patches of 14 .* size=\(42, 42\)'):
        losses(model, batch((1, 0, 1), size=(32, 42)))
    assert all(
        value.isfinite() for value in losses(model, batch((1, 0, 1), size=(28, 42))).values()
    )


def test_classes_without_prompts(build):
    with pytest.raises(ValueError, match='2 names of prompts for 3 classes'):
        build(prompts=dict(names=['cat', 'dog']))
    with pytest.raises(ValueError, match='none of them empty'):
        build(prompts=dict(names=['cat', '', 'dog']))


def test_photos_without_tags(build):
    with pytest.raises(ValueError, match=r'photo1: no image-level labels \(gt_label\)'):
        losses(build(), batch((1, 0, 1), None))
    with pytest.raises(ValueError, match=r'photo0: .* have shape \(2,\), expected \(3,\)'):
        losses(build(), batch((1, 0)))
    found = losses(build(), batch((0, 0, 0), (1, 0, 1)))
    assert all(value.isfinite() for value in found.values())
    seeds = build(test_cfg=dict(output='seeds', long_side=32, scales=(1.0,))).eval()
    with pytest.raises(ValueError, match='photo0: no image-level labels'):
        seeds.test_step(batch(None))
    (sample,) = seeds.test_step(batch((0, 0, 0)))
    assert not len(sample.seeds.classes) and (sample.seeds.to_mask() == 0).all()


def test_a_batch_without_foreground_has_a_loss_and_gradients(build):
    model = build()
    found = losses(model, batch((0, 0, 0), (0, 0, 0)))
    sum(found.values()).backward()
    assert all(value.isfinite() for value in found.values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_scales_are_averaged_at_a_fraction(build):
    model = build(test_cfg=dict(long_side=32, scales=(1.0, 1.5), average_at=0.2)).eval()
    assert model.merged(torch.randn(1, 3, 50, 60), (50, 60)).shape == (1, 4, 10, 12)


def test_mirror_images_of_the_first_scale(build):
    x, seen = torch.randn(1, 3, 32, 32), []
    for first in (False, True):
        model = build(test_cfg=dict(long_side=32, scales=(1.0, 1.5), flip_first=first)).eval()
        segment = model.segment
        model.segment = lambda views, run=segment: seen.append(len(views)) or run(views)
        model.merged(x, (32, 32))
    assert seen == [1, 2, 2, 2]


def test_seeds_with_another_threshold_or_nothing_learnt(build):
    data, found = batch((1, 1, 1)), {}
    for name, own in dict(
        plain={}, threshold=dict(threshold=0.1), unlearnt=dict(learnt=False)
    ).items():
        options = dict(output='seeds', long_side=32, scales=(1.0,), threshold=0.9)
        model = build(test_cfg={**options, **own}).eval()
        (sample,) = model.test_step(data)
        found[name] = sample.seeds.scores
        assert model.seeder.caa.threshold == build().seeder.caa.threshold
        assert model.protocol()['learnt'] is (name != 'unlearnt')
    assert abs(found['plain'] - found['threshold']).max() > 1e-3
    assert abs(found['plain'] - found['unlearnt']).max() > 1e-3


def test_unlearnt_seeds_need_no_training(build):
    options, found = dict(output='seeds', long_side=32, scales=(1.0,), learnt=False), []
    for factor in (1, -3):
        model = build(test_cfg=options).eval()
        assert model.store_output().untrained
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(factor)
        found.append(model.test_step(batch((1, 0, 1)))[0].seeds.scores)
    assert (found[0] == found[1]).all()
    for own in (dict(learnt=True), dict(output='segmentation')):
        assert not build(test_cfg={**options, **own}).store_output().untrained


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(threshold=2.0), r'threshold in \[0, 1\]'),
        (dict(average_at=0), r'average_at lies in \(0, 1\]'),
        (dict(square=True, long_side=None), 'square needs long_side'),
        (dict(crf='none'), 'none'),
    ],
)
def test_bad_test_cfg(build, cfg, message):
    with pytest.raises(ValueError, match=message):
        build(test_cfg=cfg)


def test_a_crf_of_a_photo_that_was_resized(build):
    model = build(test_cfg=dict(long_side=32, scales=(1.0,), crf='toco')).eval()
    (sample,) = batch((1, 1, 1))['data_samples']
    sample.set_metainfo(dict(ori_shape=(80, 120)))
    (found,) = model.predict([torch.randn(3, 40, 60)], [sample])
    assert found.pred_sem_seg.shape == (80, 120)


def test_the_crf_is_that_of_stores(build):
    model = build(test_cfg=dict(long_side=32, scales=(1.0,), crf='toco'))
    pixels = torch.randint(0, 255, (3, 40, 60), generator=torch.Generator().manual_seed(0))
    preprocessor = model.data_preprocessor
    photo = (pixels - preprocessor.mean) / preprocessor.std
    (sample,) = batch((1, 1, 1), size=(40, 60))['data_samples']
    logits = torch.randn(1, 4, 5, 8, generator=torch.Generator().manual_seed(0))
    model.keep_segmentation(sample, photo, logits)
    scores = F.interpolate(logits, (40, 60), mode='bilinear')[0].softmax(0).numpy()
    crf = DenseCRF(pixels.byte().permute(1, 2, 0).contiguous().numpy(), 4, 'toco')
    expected = crf(softmax_unary(scores)).argmax(0)
    assert (sample.pred_sem_seg.data[0].numpy() != expected).mean() < 1e-3
    assert (scores.argmax(0) != expected).any()


def test_validation_looks_at_all_blocks_of_unlearnt_seeds(build):
    """Where they are more than those that are chosen of."""
    cfg = dict(learnt=False, long_side=32, scales=(1.0,))
    data = batch((1, 0, 1), size=(32, 32))
    (validated,) = build(choose=1, test_cfg=cfg).eval().val_step(data)
    expected = validated.seeds.scores
    (tested,) = build(choose=1, test_cfg={**cfg, 'output': 'seeds'}).eval().test_step(data)
    np.testing.assert_allclose(expected, tested.seeds.scores, atol=1e-6)


def test_a_failed_test_leaves_the_training_as_it_is(build, monkeypatch):
    model = build(test_cfg=dict(output='seeds', long_side=32, scales=(1.0,), threshold=0.1)).eval()
    monkeypatch.setattr(model.seeder, 'scores', lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.test_step(batch((1, 0, 1)))
    assert model.seeder.caa == build().seeder.caa


def test_a_thin_photo_stays_a_pixel_wide():
    cfg = TokenTestCfg(long_side=32, scales=(1.0,))
    assert cfg.view(torch.zeros(1, 3, 2, 90)).shape[-2:] == (1, 32)
