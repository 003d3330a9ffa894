"""Weights that do not fit are refused."""

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import nn

from mmwsss.models.conversion import fitting
from mmwsss.models.conversion.fitting import require_started
from mmwsss.registry import MODELS
from mmwsss.weights import WeightsError


def resnet(checkpoint, depth=18, **init):
    init = dict(type='Pretrained', checkpoint=str(checkpoint), **init)
    network = dict(type='mmpretrain.ResNet', depth=depth, stem_channels=8, base_channels=8)
    return MODELS.build(dict(network, init_cfg=init))


@pytest.fixture(scope='module')
def plain():
    return resnet('').state_dict()


WRAPPED = {
    'backbone.': lambda s: {'state_dict': {f'backbone.{k}': v for k, v in s.items()}, 'meta': {}},
    'module.encoder_q.': lambda s: {
        'state_dict': {f'module.encoder_q.{k}': v for k, v in s.items()}
    },
    'model.': lambda s: {'model': s, 'epoch': 3},
    'deep.er.': lambda s: {'deep': {f'er.{k}': v for k, v in s.items()}, 'more': [1]},
}


@pytest.mark.parametrize('prefix', WRAPPED)
def test_the_prefix_that_fits_is_named_and_works(tmp_path, plain, prefix):
    torch.save(WRAPPED[prefix](plain), tmp_path / 'x.pth')
    with pytest.raises(
        WeightsError, match=rf"x\.pth does not fit ResNet: 0 of .*prefix='{prefix}'"
    ):
        resnet(tmp_path / 'x.pth').init_weights()
    network = resnet(tmp_path / 'x.pth', prefix=prefix)
    network.init_weights()
    for name, value in network.state_dict().items():
        assert torch.equal(value, plain[name])


@pytest.mark.parametrize('module', ['', 'module.'])
@pytest.mark.parametrize('key', [None, 'state_dict'])
def test_plain_files_are_read(tmp_path, plain, module, key):
    state = {module + name: value for name, value in plain.items()}
    torch.save({key: state} if key else state, tmp_path / 'x.pth')
    network = resnet(tmp_path / 'x.pth')
    network.init_weights()
    assert torch.equal(network.conv1.weight, plain['conv1.weight'])


@pytest.mark.parametrize('depth', [34, 50])
def test_another_depth(tmp_path, plain, depth):
    torch.save(plain, tmp_path / 'x.pth')
    with pytest.raises(WeightsError, match=r'of its \d+ entries are in the file, 80% are expected'):
        resnet(tmp_path / 'x.pth', depth=depth).init_weights()


def test_a_wrong_prefix(tmp_path, plain):
    torch.save(WRAPPED['backbone.'](plain), tmp_path / 'x.pth')
    with pytest.raises(WeightsError, match=r"begins with 'neck\.'\. With prefix='backbone\.'"):
        resnet(tmp_path / 'x.pth', prefix='neck.').init_weights()


@pytest.mark.parametrize('lost, fits', [(0.15, True), (0.25, False)])
def test_four_fifths_have_to_be_there(tmp_path, plain, lost, fits):
    names = [name for name in plain if not name.endswith('num_batches_tracked')]
    left = names[int(lost * len(names)) :]
    torch.save({name: plain[name] for name in left}, tmp_path / 'x.pth')
    if fits:
        resnet(tmp_path / 'x.pth').init_weights()
    else:
        with pytest.raises(WeightsError, match=rf'{len(left)} of its {len(names)} entries'):
            resnet(tmp_path / 'x.pth').init_weights()


def test_unread_entries_are_counted(tmp_path, plain, monkeypatch):
    said = []
    monkeypatch.setattr(fitting, 'print_log', lambda message, *_: said.append(message))
    torch.save({**plain, 'fc.weight': torch.ones(1), 'fc.bias': torch.ones(1)}, tmp_path / 'x.pth')
    resnet(tmp_path / 'x.pth').init_weights()
    assert '2 entries of the file are not read (fc.weight, fc.bias)' in ''.join(said)


class Own(BaseModule):
    """Reads its checkpoint by itself, as mmseg's Swin does."""

    def __init__(self, checkpoint):
        super().__init__(dict(type='Pretrained', checkpoint=str(checkpoint)))
        self.linear = nn.Linear(3, 2)

    def init_weights(self):
        state = CheckpointLoader.load_checkpoint(self.init_cfg['checkpoint'], logger='silent')
        self.load_state_dict({f'linear.{name}': v for name, v in state.items()}, strict=False)


@pytest.mark.parametrize('prefix', ['', 'a.'])
def test_parts_that_read_for_themselves(tmp_path, prefix):
    state = {prefix + name: value for name, value in nn.Linear(3, 2).state_dict().items()}
    torch.save(state, tmp_path / 'x.pth')
    model = nn.Sequential(Own(tmp_path / 'x.pth'))
    model[0].init_weights()
    if not prefix:
        require_started(model)
    else:
        with pytest.raises(WeightsError, match=r'does not fit Own \(0\): 0 of its 2 entries'):
            require_started(model)
