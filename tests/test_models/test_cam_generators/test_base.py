"""What all CAM generators share."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.models import BaseCAMGenerator
from mmwsss.models.cam_generators import CAMOutput, CAMTestCfg
from mmwsss.ops.cam import fuse_scales, normalize_cam


class Tiny(BaseCAMGenerator):
    """One strided convolution."""

    def __init__(self, **arguments):
        super().__init__(num_classes=3, **arguments)
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 3, 3, stride=2, padding=1)
        self.batch_sizes = []

    def cams(self, x):
        self.batch_sizes.append(len(x))
        cam = self.conv(x)
        return CAMOutput(cam.mean((2, 3)), cam)

    def loss(self, inputs, data_samples):
        return dict(loss=self.cams(inputs).logits.sum())


def sample(size, tags=(1, 0, 1), name='a'):
    result = SegDataSample(metainfo=dict(img_id=name, ori_shape=size))
    result.gt_label = torch.tensor(tags, dtype=torch.float32)
    return result


def images(sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(3, *size, generator=generator) for size in sizes]


def test_modes():
    model, x = Tiny(), torch.randn(2, 3, 8, 8)
    assert isinstance(model(x), CAMOutput)
    assert set(model(x, [sample((8, 8))] * 2, mode='loss')) == {'loss'}
    filled = model(x, [sample((8, 8)), sample((8, 8))], mode='predict')
    assert filled[0].seeds.scores.shape == (2, 8, 8)
    with pytest.raises(ValueError, match="mode must be .* found 'train'"):
        model(x, [], mode='train')


def test_seeds_are_the_fused_normalised_maps_of_tagged_classes():
    model = Tiny()
    scales = [images([(6, 10)]), images([(12, 20)], 1)]
    filled = model.predict(scales, [sample((12, 20))])[0]
    with torch.no_grad():
        cams = [model.conv(torch.stack([x, x.flip(-1)])) for (x,) in scales]
    views = [cam[:, [0, 2]].transpose(0, 1) for cam in cams]
    logits = torch.cat([cam.mean((2, 3)) for cam in cams])
    expected = normalize_cam(fuse_scales(views, (12, 20)))
    assert filled.seeds.classes.tolist() == [0, 2] and filled.seeds.size == (12, 20)
    np.testing.assert_allclose(filled.seeds.scores, expected.numpy(), atol=1e-6)
    torch.testing.assert_close(filled.tag_scores, logits.mean(0).sigmoid())


def test_mirrored_view_runs_in_the_batch_of_its_scale():
    model = Tiny()
    model.predict([images([(6, 8)] * 2), images([(9, 12)] * 2)], [sample((6, 8)), sample((6, 8))])
    assert model.batch_sizes == [4, 4]
    model = Tiny(test_cfg=dict(flip=False))
    model.predict(images([(6, 8)] * 2), [sample((6, 8)), sample((6, 8))])
    assert model.batch_sizes == [2]


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([(6, 8), (9, 7), (5, 5)]), min_size=1, max_size=5),
    tags=st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=5, max_size=5),
    flip=st.booleans(),
    fuse=st.sampled_from(['s2c', 'irn_cam', 'irn_high_res', 'shifted', 'max_flip']),
)
def test_a_batch_equals_its_images_alone(sizes, tags, flip, fuse):
    model = Tiny(test_cfg=dict(flip=flip, fuse=fuse))
    scales = [images(sizes), images([(2 * h, 2 * w) for h, w in sizes], 1)]
    samples = [sample(size, tag) for size, tag in zip(sizes, tags, strict=False)]
    alone = [sample(size, tag) for size, tag in zip(sizes, tags, strict=False)]
    assert model.predict(scales, samples) is samples
    for index, one in enumerate(alone):
        model.predict([[scale[index]] for scale in scales], [one])
        got = samples[index]
        assert got.seeds.classes.tolist() == np.flatnonzero(tags[index]).tolist()
        np.testing.assert_array_equal(got.seeds.classes, one.seeds.classes)
        np.testing.assert_allclose(got.seeds.scores, one.seeds.scores, atol=1e-6)
        assert got.seeds.size == one.seeds.size == sizes[index]
        torch.testing.assert_close(got.tag_scores, one.tag_scores)


def test_forms_of_inputs():
    x = images([(6, 8)] * 2)
    forms = [torch.stack(x), x, [x], [torch.stack(x)]]
    scores = []
    for form in forms:
        filled = Tiny().predict(form, [sample((6, 8)), sample((6, 8))])
        scores.append([one.seeds.scores for one in filled])
    for other in scores[1:]:
        np.testing.assert_array_equal(scores[0], other)


def test_quarter_maps_keep_the_image_size():
    filled = Tiny(test_cfg=dict(fuse='irn_cam')).predict(images([(10, 13)]), [sample((10, 13))])[0]
    assert filled.seeds.scores.shape == (2, 3, 4) and filled.seeds.size == (10, 13)


def test_image_without_tags():
    filled = Tiny().predict(images([(6, 8)]), [sample((6, 8), (0, 0, 0))])[0]
    assert filled.seeds.scores.shape == (0, 6, 8)
    assert (filled.seeds.to_mask(0.3) == 0).all() and filled.tag_scores.shape == (3,)


def test_predicted_tags():
    model = Tiny(test_cfg=dict(use_tags=False, tag_threshold=0.5))
    model.conv.bias.data = torch.tensor([1.0, -1.0, 1.0])
    untagged = SegDataSample(metainfo=dict(img_id='a', ori_shape=(6, 8)))
    filled = model.predict(images([(6, 8)]), [untagged])[0]
    assert (filled.tag_scores > 0.5).tolist() == [True, False, True]
    assert filled.seeds.classes.tolist() == [0, 2]
    assert model.protocol() == dict(flip=True, fuse='s2c', seeds_of='predicted > 0.5')


def test_untagged_image_needs_a_decision():
    untagged = SegDataSample(metainfo=dict(img_id='x/7', ori_shape=(6, 8)))
    with pytest.raises(ValueError, match=r'x/7: no image-level labels.*use_tags=False'):
        Tiny().predict(images([(6, 8)]), [untagged])


def test_other_number_of_classes():
    with pytest.raises(ValueError, match=r'a: .* have shape \(2,\), expected \(3,\)'):
        Tiny().predict(images([(6, 8)]), [sample((6, 8), (0, 1))])


def test_unknown_keys_are_refused():
    known = r"\['use_tags', 'tag_threshold', 'flip', 'fuse'"
    with pytest.raises(ValueError, match=rf"unknown keys \['flips'\], known are {known}"):
        Tiny(test_cfg=dict(flips=True))
    with pytest.raises(ValueError, match="test_cfg.fuse must be one of .* found 'mean'"):
        Tiny(test_cfg=dict(fuse='mean'))


def test_a_method_may_add_keys():
    @dataclass(frozen=True)
    class Own(CAMTestCfg):
        alpha: float = 1.0

    class Method(Tiny):
        test_cfg_class = Own

    assert Method(test_cfg=dict(alpha=2.0)).test_cfg.alpha == 2
    assert Method().protocol()['alpha'] == 1


def test_predict_keeps_no_graph():
    filled = Tiny().predict(images([(6, 8)]), [sample((6, 8))])[0]
    assert not filled.tag_scores.requires_grad


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda logits, cam: (logits, cam), r'a tuple, CAMOutput\(logits=\.\.\., cam=\.\.\.\)'),
        (lambda logits, cam: None, 'a NoneType, CAMOutput'),
        (lambda logits, cam: CAMOutput(cam, logits), r'logits of shape \(2, 3, 3, 4\), float32; '),
        (lambda logits, cam: CAMOutput(logits[:, :2], cam), r'logits of .* \(2, 3\) of floating'),
        (lambda logits, cam: CAMOutput(logits, cam[:, :2]), r'cam of shape \(2, 2, 3, 4\)'),
        (
            lambda logits, cam: CAMOutput(logits, torch.cat([cam[:, :1], cam], 1)),
            r'Own.cams returned cam of shape \(2, 4, 3, 4\), float32; \(2, 3, h, w\) of floating '
            'point is expected: one map per foreground class, no background',
        ),
        (lambda logits, cam: CAMOutput(logits[:1], cam[:1]), r'logits of shape \(1, 3\)'),
        (lambda logits, cam: CAMOutput(logits, cam.flatten(2)), r'cam of shape \(2, 3, 12\)'),
        (lambda logits, cam: CAMOutput(logits, cam.byte()), 'cam of .* uint8; .* floating point'),
        (lambda logits, cam: CAMOutput(logits, cam.numpy()), 'cam as a ndarray, not a tensor'),
    ],
)
def test_what_a_method_returns_is_checked(change, message):
    class Own(Tiny):
        def cams(self, x):
            return change(*super().cams(x))

    model, x = Own(), torch.randn(1, 3, 6, 8)
    with torch.no_grad(), pytest.raises(ValueError, match=message):
        model(torch.cat([x, x]))
    with pytest.raises(ValueError, match=message):
        model.predict(x, [sample((6, 8))])
