import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.models import ICAM, PCMHead, ResNet38d, WSSSDataPreprocessor
from mmwsss.registry import MODELS


def build(**options):
    backbone = ResNet38d(base_channels=2, out_indices=(4, 5, 7), dropout=(0.0, 0.0))
    head = PCMHead(
        num_classes=3, in_channels=(16, 32, 128), channels=(4, 6), embed_channels=8, dropout=0.0
    )
    head.init_weights()
    options = {'data_preprocessor': WSSSDataPreprocessor(), **options}
    return ICAM(backbone, head, **options)


def samples(*tags, size=(40, 48)):
    return [
        SegDataSample(gt_label=torch.tensor(own), metainfo=dict(ori_shape=size)) for own in tags
    ]


TAGS = [1.0, 0, 1], [0.0, 1, 0]
NAMES = {'loss_gap', 'loss_sampling', 'loss_revised', 'loss_er', 'loss_ecr', 'loss_similarity'}


def test_losses_and_gradients():
    model = build().train()
    torch.manual_seed(0)
    losses = model.loss(torch.randn(2, 3, 40, 48), samples(*TAGS))
    assert set(losses) == NAMES and all(value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    frozen = [name for name, p in model.named_parameters() if p.grad is None]
    assert all(name.startswith('backbone.') for name in frozen)
    assert all(not dict(model.named_parameters())[name].requires_grad for name in frozen)


def test_sampling_follows_the_seed():
    model, x = build().eval(), torch.randn(2, 3, 40, 48)
    values = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        values.append(float(model.loss(x, samples(*TAGS))['loss_sampling'].detach()))
    assert values[0] == values[1] != values[2]


def test_terms_by_the_description():
    """Each from the maps of both views, written down once more."""
    model, x = build(sampling_weight=0.6).eval(), torch.randn(2, 3, 40, 48)
    model.loss_sampling.num_samples = None
    tags = torch.tensor(TAGS)
    with torch.no_grad():
        losses = model.loss(x, samples(*TAGS))
        small = F.interpolate(x, (12, 14), mode='bilinear', align_corners=True)
        first, second = model.view(x), model.view(small)
        assert first.cam.shape[-2:] == (5, 6) and second.cam.shape[-2:] == (2, 2)
        gap = sum(
            F.multilabel_soft_margin_loss(v.logits[:, 1:].mean((2, 3)), tags)
            for v in (first, second)
        )
        sampled = sum(model.loss_sampling(v.cam, tags) for v in (first, second))
        c1, r1 = (
            F.interpolate(m, (2, 2), mode='bilinear', align_corners=True)
            for m in (first.cam, first.revised)
        )
        c2, r2 = second.cam, second.revised
        er = sum((a - b).abs().mean() for a, b in ((c1, c2), (r1, r2), (c1, r1), (c2, r2)))
        ecr = sum((a - b).abs().mean() for a, b in ((c1, r2), (c2, r1)))
    expected = dict(loss_gap=0.4 * gap, loss_sampling=0.6 * sampled, loss_er=er, loss_ecr=ecr)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)


def test_parts_can_be_left_out():
    model = build(loss_sampling=None, loss_similarity=None, data_preprocessor=None).eval()
    losses = model.loss(torch.randn(2, 3, 40, 48), samples(*TAGS))
    assert set(losses) == NAMES - {'loss_sampling', 'loss_similarity'}
    assert model.sampling_weight == 0, 'the mean logits take all of the weight'


def test_colours_are_turned_back():
    model = build()
    pixels = torch.randint(0, 256, (1, 3, 16, 16))
    x = (pixels - model.data_preprocessor.mean) / model.data_preprocessor.std
    torch.testing.assert_close(model.colours(x, (16, 16)), pixels / 255, atol=1e-5, rtol=1e-5)


def test_seeds_of_a_batch_are_those_of_its_images():
    model = build().eval()
    scales = [torch.randn(2, 3, *size) for size in ((20, 24), (40, 48))]
    both = model.predict(scales, samples(*TAGS))
    for number, tags in enumerate(TAGS):
        (alone,) = model.predict([x[number : number + 1] for x in scales], samples(tags))
        np.testing.assert_allclose(both[number].seeds.scores, alone.seeds.scores, atol=1e-5)
        assert both[number].seeds.classes.tolist() == np.flatnonzero(tags).tolist()


def test_winner_takes_all():
    model = build().eval()
    (sample,) = model.predict([torch.randn(1, 3, 40, 48)], samples([1.0, 1, 1]))
    scores = sample.seeds.scores
    assert scores.shape == (3, 40, 48)
    assert ((scores > 0).sum(0) == 1).all()
    top = scores.max((1, 2))
    assert ((top == 0) | ((top > 0.99) & (top < 1))).all()
    model.test_cfg = model.test_cfg_class(winner_takes_all=False)
    (sample,) = model.predict([torch.randn(1, 3, 40, 48)], samples([1.0, 1, 1]))
    assert ((sample.seeds.scores > 0).sum(0) == 3).all()


def test_image_without_tags():
    model = build().eval()
    (sample,) = model.predict([torch.randn(1, 3, 40, 48)], samples([0.0, 0, 0]))
    assert sample.seeds.scores.shape == (0, 40, 48) and sample.seeds.to_mask(0.5).max() == 0


def test_predicted_tags():
    model = build(test_cfg=dict(use_tags=False, tag_threshold=0.0)).eval()
    (sample,) = model.predict([torch.randn(1, 3, 40, 48)], samples([0.0, 0, 0]))
    assert len(sample.seeds.classes) == 3 and sample.tag_scores.shape == (3,)
    assert model.protocol() == dict(
        flip=True, fuse='icam', seeds_of='predicted > 0.0', winner_takes_all=True
    )


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(test_cfg=dict(fuse='s2c')), "fuse of ICAM must be 'icam', found 's2c'"),
        (dict(test_cfg=dict(steps=2)), r"unknown keys \['steps'\], known are"),
        (dict(sampling_weight=1.5), r'sampling_weight lies in \[0, 1\] .* found 1.5 and 0.3'),
        (dict(view_scale=0), r'view_scale in \(0, 1\], found 0.8 and 0'),
        (dict(data_preprocessor=nn.Identity()), 'turns normalised images back, for which it'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_tensor_mode_gives_cams():
    model = build().eval()
    output = model(torch.randn(2, 3, 40, 48), mode='tensor')
    assert output.logits.shape == (2, 3) and output.cam.shape == (2, 3, 5, 6)
    assert (output.cam >= 0).all() and (output.cam.sum(1) <= 1).all()


def test_is_registered():
    assert MODELS.get('ICAM') is ICAM and MODELS.get('PCMHead') is PCMHead
