import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import SimilaritySegmentor
from mmwsss.models.segmentors.similarity_segmentor import resize_cubic
from mmwsss.registry import MODELS


def build(**options):
    cfg = dict(
        type='SimilaritySegmentor',
        data_preprocessor=dict(type='WSSSDataPreprocessor'),
        backbone=dict(type='ResNet38d', base_channels=2, dropout=(0.0, 0.0)),
        decode_head=dict(
            type='LargeFOVHead',
            in_channels=128,
            channels=8,
            num_classes=4,
            dilation=2,
            dropout_ratio=0,
            align_corners=True,
        ),
        scales=(0.5, 1.0),
    )
    with DefaultScope.overwrite_default_scope('mmwsss'):
        return MODELS.build(cfg | options)


def test_losses():
    model = build().train()
    masks = torch.randint(0, 4, (2, 1, 32, 40))
    data = [SegDataSample(gt_sem_seg=PixelData(data=mask)) for mask in masks]
    losses = model.loss(torch.randn(2, 3, 32, 40), data)
    assert {'decode.loss_ce', 'loss_similarity'} <= set(losses)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert model.decode_head.conv_seg.weight.grad is not None
    plain = build(loss_similarity=None).loss(torch.randn(2, 3, 32, 40), data)
    assert 'loss_similarity' not in plain


def test_mean_over_scales_and_views():
    model, x = build().eval(), torch.randn(1, 3, 33, 47)
    with torch.no_grad():
        got = model.inference(x, [])
        total = 0
        for scale in (0.5, 1.0):
            small = resize_cubic(x, scale)
            for view in (small, small.flip(-1)):
                logits = torch.nn.functional.interpolate(
                    model._forward(view), (33, 47), mode='bilinear', align_corners=True
                )
                total = total + (logits if view is small else logits.flip(-1))
    torch.testing.assert_close(got, total / 4, rtol=1e-4, atol=1e-5)
    model.scales, model.flip = (1.0,), False
    samples = [SegDataSample(metainfo=dict(ori_shape=(33, 47), img_shape=(33, 47)))]
    (sample,) = model.predict(x, samples)
    assert sample.pred_sem_seg.shape == (33, 47) and sample.seg_logits.shape == (33, 47)


@pytest.mark.parametrize('scale', [0.5, 0.75, 1.25, 1.75])
def test_resizes_as_opencv(scale):
    image = np.random.default_rng(0).normal(size=(33, 47, 3)).astype(np.float32)
    expected = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    got = resize_cubic(torch.from_numpy(image).permute(2, 0, 1)[None], scale)[0]
    np.testing.assert_allclose(got.permute(1, 2, 0).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(scales=()), r'scales are positive factors, found \(\)'),
        (dict(test_cfg=dict(mode='slide')), 'predicts whole images, found'),
        (dict(data_preprocessor=None), 'data_preprocessor with mean and std'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_is_registered():
    assert MODELS.get('SimilaritySegmentor') is SimilaritySegmentor
