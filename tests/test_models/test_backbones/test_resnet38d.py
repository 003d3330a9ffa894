"""ResNet-38d."""

import pytest
import torch
from mmseg.registry import MODELS as MMSEG_MODELS
from torch import nn

from mmwsss.models import CAMGenerator, CAMHead, ResNet38d


@pytest.fixture(scope='module')
def full():
    with torch.device('meta'):
        head = CAMHead(in_channels=4096, num_classes=20, proj_channels=256)
        return CAMGenerator(ResNet38d(), head)


@pytest.mark.parametrize('size, expected', [((61, 45), (8, 6)), ((72, 100), (9, 13))])
def test_output_size(size, expected):
    model = ResNet38d(base_channels=2, out_indices=(3, 4, 5, 7)).eval()
    taps = model(torch.rand(1, 3, *size))
    assert [tap.shape[1] for tap in taps] == [8, 16, 32, 128]
    assert [tuple(tap.shape[-2:]) for tap in taps[1:]] == [expected] * 3


def test_s2c_counts(full):
    """S2C, acceptance check 3."""
    full.train()
    assert not any(m.training for m in full.modules() if isinstance(m, nn.BatchNorm2d))
    trainable = [p for p in full.parameters() if p.requires_grad]
    assert sum(p.numel() for p in trainable) == 105_255_936
    weights = [m.weight for m in full.modules() if isinstance(m, nn.Conv2d)]
    assert len(weights) == 45 and sum(w.requires_grad for w in weights) == len(trainable)
    # The table's total, without bn8 (512), which nothing calls.
    assert sum(p.numel() for p in full.parameters()) == 106_125_120 - 512


def test_one_group_of_parameters(full):
    """S2C, acceptance check 3: no layer has a rate of its own."""
    from mmengine.optim import build_optim_wrapper

    wrapper = build_optim_wrapper(full, dict(optimizer=dict(type='SGD', lr=0.02)))
    assert len(wrapper.param_groups) == 1


def test_taps_are_activated_stage_outputs():
    model = ResNet38d(base_channels=2, out_indices=(7, 4)).eval()
    stages = {}
    model.stage4[-1].register_forward_hook(lambda *args: stages.update(out=args[-1]))
    conv4, conv6 = model(torch.rand(2, 3, 32, 40))
    expected = model.stage5[0].norm1(stages['out']).relu()
    torch.testing.assert_close(conv4, expected)
    assert (conv6 >= 0).all() and conv6.shape == (2, 128, 4, 5)


def test_train_keeps_statistics_and_frozen_stages():
    model = ResNet38d(base_channels=2).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(torch.randn(2, 3, 32, 32))[0].sum().backward()
    assert all((before[name] == value).all() for name, value in model.state_dict().items())
    with_grad = {name for name, p in model.named_parameters() if p.grad is not None}
    assert not any(name.startswith(('stem', 'stage2', 'norm')) for name in with_grad)
    assert 'stage3.0.conv1.weight' in with_grad
    assert model.stage6[0].dropout.training and not model.stage2[0].norm1.training


def test_nothing_frozen():
    norm = dict(type='BN', momentum=3e-4)
    model = ResNet38d(base_channels=2, frozen_stages=0, norm_eval=False, norm_cfg=norm).train()
    assert all(p.requires_grad for p in model.parameters())
    assert all(m.training for m in model.modules())
    assert model.norm.momentum == 3e-4 and model.norm.eps == 1e-5
    mean = model.norm.running_mean.clone()
    model(torch.randn(2, 3, 32, 32))
    assert not torch.equal(mean, model.norm.running_mean)


def test_dropout_acts_in_training_only():
    model = ResNet38d(base_channels=2, dropout=(0.3, 0.5))
    assert (model.stage6[0].dropout.p, model.stage7[0].dropout.p) == (0.3, 0.5)
    x = torch.randn(1, 3, 32, 32)
    model.train()
    assert not torch.equal(model(x)[0], model(x)[0])
    model.eval()
    assert torch.equal(model(x)[0], model(x)[0])


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(out_indices=()), r'out_indices must be stages from 1\.\.7, found \(\)'),
        (dict(out_indices=(8,)), r'found \(8,\)'),
        (dict(frozen_stages=8), 'frozen_stages must be 0'),
        (dict(dropout=(0.1,)), 'dropout must hold two rates'),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResNet38d(base_channels=1, **arguments)


def test_backbone_of_mmseg():
    """In an mmseg EncoderDecoder, with an auxiliary head on conv5."""
    norm = dict(type='BN', requires_grad=True)
    head = dict(type='mmseg.FCNHead', num_convs=1, channels=8, num_classes=3, norm_cfg=norm)
    loss = dict(type='mmseg.CrossEntropyLoss')
    model = MMSEG_MODELS.build(
        dict(
            type='mmseg.EncoderDecoder',
            backbone=dict(type='mmwsss.ResNet38d', base_channels=2, out_indices=(5, 7)),
            decode_head=dict(head, in_channels=128, in_index=1, loss_decode=loss),
            auxiliary_head=dict(head, in_channels=32, in_index=0, loss_decode=loss),
            train_cfg=dict(),
            test_cfg=dict(mode='whole'),
        )
    )
    logits = model.eval()(torch.rand(1, 3, 40, 48), mode='tensor')
    assert logits.shape == (1, 3, 5, 6)
