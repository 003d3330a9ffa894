"""The baseline CAM generator."""

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.models import CAMGenerator, CAMHead, ResNet38d
from mmwsss.registry import MODELS


def sample(tags, size=(32, 40)):
    result = SegDataSample(metainfo=dict(img_id='a', ori_shape=size))
    result.gt_label = torch.tensor(tags, dtype=torch.float32)
    return result


def small_r38(**arguments):
    head = CAMHead(in_channels=128, num_classes=3, proj_channels=8)
    return CAMGenerator(ResNet38d(base_channels=2), head, **arguments)


def test_loss_is_the_multi_label_soft_margin():
    model = small_r38().eval()
    x = torch.randn(2, 3, 32, 40)
    logits, cam = model(x)
    assert cam.shape == (2, 3, 4, 5)
    torch.testing.assert_close(logits, cam.mean((2, 3)))
    tags = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    loss = model(x, [sample(row.tolist()) for row in tags], mode='loss')
    signed = torch.where(tags > 0, logits, -logits)
    torch.testing.assert_close(loss['loss_cls'], -signed.sigmoid().log().mean())


@pytest.mark.parametrize(
    'strides, size', [((1, 2, 2, 2), (2, 2)), ((1, 2, 2, 1), (3, 4)), ((1, 2, 1, 1), (6, 8))]
)
def test_resnet_of_mmpretrain(strides, size):
    model = MODELS.build(
        dict(
            type='CAMGenerator',
            backbone=dict(
                type='mmpretrain.ResNet',
                depth=18,
                stem_channels=4,
                base_channels=4,
                strides=strides,
                out_indices=(3,),
            ),
            head=dict(type='CAMHead', in_channels=32, num_classes=3),
        )
    ).eval()
    assert model(torch.rand(2, 3, 48, 64)).cam.shape == (2, 3, *size)


class TwoLayers(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 4, 4), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())

    def forward(self, x):
        return (super().forward(x),)


def test_trains():
    """A class that is a colour is learnt, and its map lies on the colour."""
    torch.manual_seed(0)
    model = CAMGenerator(TwoLayers(), CAMHead(in_channels=8, num_classes=2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        x = 0.1 * torch.randn(8, 3, 32, 32)
        tags = torch.randint(0, 2, (8, 2)).float()
        x[:, 0, :16, :16] += 2 * tags[:, 0, None, None]
        x[:, 1, 16:, 16:] += 2 * tags[:, 1, None, None]
        loss = model(x, [sample(row.tolist()) for row in tags], mode='loss')['loss_cls']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.3
    x = torch.zeros(1, 3, 32, 32)
    x[:, 0, :16, :16] = 2
    filled = model.eval().predict(x, [sample((1, 0), (32, 32))])[0]
    assert filled.tag_scores[0] > 0.5 > filled.tag_scores[1]
    quarters = filled.seeds.scores[0].reshape(2, 16, 2, 16).mean((1, 3))
    assert quarters[0, 0] > 1.5 * np.delete(quarters, 0).max()


def test_predict_on_its_own_preprocessor():
    pre = dict(type='WSSSDataPreprocessor', mean=(120.0,) * 3, std=(60.0,) * 3)
    model = small_r38(data_preprocessor=pre).eval()
    inputs = [
        [torch.randint(0, 255, (3, *size), dtype=torch.uint8) for _ in range(2)]
        for size in ((16, 20), (32, 40))
    ]
    samples = [sample((1, 0, 1)), sample((0, 1, 0))]
    filled = model.test_step(dict(inputs=inputs, data_samples=samples))
    assert [one.seeds.scores.shape for one in filled] == [(2, 32, 40), (1, 32, 40)]
    filled = model.val_step(dict(inputs=inputs[1], data_samples=samples))
    assert [one.tag_scores.shape for one in filled] == [(3,), (3,)]


class TwoMaps(nn.Module):
    """Colours at half the size, and the colours' mean at a quarter of it."""

    def forward(self, x):
        half = nn.functional.avg_pool2d(x, 2)
        return half, nn.functional.avg_pool2d(half, 2).repeat(1, 2, 1, 1)


def coloured(test_cfg, backbone=None):
    """Seeds of a photo whose left half is red and whose right half is blue."""
    head = CAMHead(in_channels=6, num_classes=1)
    model = CAMGenerator(backbone or TwoMaps(), head, test_cfg=dict(flip=False, **test_cfg))
    photo = torch.zeros(1, 3, 16, 32)
    photo[:, 0, :, :16] = photo[:, 2, :, 16:] = 1.0
    with torch.no_grad():
        head.classifier.weight.zero_()[0, 0] = 1.0
        photo[:, 0, 4:12, 4:8] = 3.0  # what the classifier looks for is in a part of the red
    (result,) = model.predict(photo, [sample([1.0], size=(16, 32))])
    return result.seeds


def test_propagated_seeds_fill_what_looks_alike():
    plain, filled = coloured({}).resize(), coloured(dict(propagate=True))
    assert filled.scores.shape == (1, 8, 16) and filled.size == (16, 32)
    filled = filled.resize()
    assert plain.scores[0, 1, 14] < 0.4 < filled.scores[0, 1, 14]
    assert filled.scores[0, :, 20:].max() < 0.1
    assert filled.scores.max() == pytest.approx(1, abs=0.02)


def test_photos_without_tags_are_propagated():
    model = CAMGenerator(TwoMaps(), CAMHead(in_channels=6, num_classes=1))
    model.test_cfg = model.test_cfg_class(propagate=True)
    (result,) = model.predict(torch.rand(1, 3, 16, 16), [sample([0.0], size=(16, 16))])
    assert not len(result.seeds.classes)
    assert model.protocol()['propagate'] is True
    assert 'propagate' not in coloured_protocol()


def coloured_protocol():
    return CAMGenerator(TwoMaps(), CAMHead(in_channels=6, num_classes=1)).protocol()


def test_propagation_needs_inner_maps():
    with pytest.raises(ValueError, match='add them to its out_indices'):
        coloured(dict(propagate=True), backbone=LastMap())


class LastMap(TwoMaps):
    def forward(self, x):
        return super().forward(x)[-1:]


def test_seeds_of_large_photos_are_held_smaller():
    assert coloured(dict(max_side=16)).scores.shape == (1, 8, 16)
    assert coloured(dict(max_side=64)).scores.shape == (1, 16, 32)
    with pytest.raises(ValueError, match='max_side is at least 1 or None'):
        coloured(dict(max_side=0))
