import torch
from torch import nn

from mmwsss.registry import MODELS


def build(**options):
    config = dict(type='LargeFOVHead', in_channels=8, channels=6, num_classes=4, **options)
    head = MODELS.build(config)
    head.init_weights()
    return head


def test_layers():
    head = build()
    assert head.fov.conv.dilation == head.fov.conv.padding == (12, 12)
    assert head.fov2.conv.kernel_size == head.conv_seg.kernel_size == (1, 1)
    assert head.fov.conv.bias is None and head.conv_seg.bias is not None
    # Single activations are dropped, not channels.
    assert type(head.dropout) is nn.Dropout and head.dropout.p == 0.5
    assert head([torch.zeros(2, 3, 5, 5), torch.randn(2, 8, 9, 7)]).shape == (2, 4, 9, 7)


def test_without_norm_and_dropout():
    head = build(norm_cfg=None, dropout_ratio=0, dilation=2)
    assert head.fov.conv.bias is not None and head.dropout is None
    x = torch.randn(1, 8, 6, 6)
    y = torch.relu(head.fov2.conv(torch.relu(head.fov.conv(x))))
    torch.testing.assert_close(head([x]), head.conv_seg(y))
