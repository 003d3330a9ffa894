import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import DeepLabV2Head


def test_sum_of_dilated_classifiers():
    head = DeepLabV2Head(8, num_classes=5, dilations=(2, 3))
    head.init_weights()
    x = torch.randn(2, 8, 9, 7)
    expected = sum(
        F.conv2d(x, conv.weight, conv.bias, padding=d, dilation=d)
        for conv, d in zip(head.conv_seg, (2, 3), strict=True)
    )
    torch.testing.assert_close(head([x]), expected)
    weights = torch.cat([conv.weight.flatten() for conv in head.conv_seg])
    assert 0.008 < weights.std() < 0.012 and len(list(head.parameters())) == 4
    assert [conv.dilation[0] for conv in DeepLabV2Head(4, num_classes=2).conv_seg] == [
        6,
        12,
        18,
        24,
    ]


def test_loss_leaves_unlabelled_pixels_out():
    head = DeepLabV2Head(4, num_classes=3, dilations=(1,))
    x = torch.randn(1, 4, 8, 8)
    label = torch.randint(0, 3, (1, 8, 8))
    sample = SegDataSample(gt_sem_seg=PixelData(data=label.clone()))
    sample.gt_sem_seg.data[:, :4] = 255
    loss = head.loss([x], [sample], {})['loss_ce']
    torch.testing.assert_close(loss, F.cross_entropy(head([x])[:, :, 4:], label[:, 4:]))
    sample.gt_sem_seg.data[:] = 255
    assert head.loss([x], [sample], {})['loss_ce'] == 0


def test_needs_a_dilation():
    with pytest.raises(ValueError, match='dilations is empty'):
        DeepLabV2Head(4, num_classes=2, dilations=())
