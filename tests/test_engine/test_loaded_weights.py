"""Only a network's own checkpoint is tested or resumed."""

import zipfile

import pytest
import torch
from torch import nn

from mmwsss.config import read_config
from mmwsss.engine.checkpoint_io import CheckpointError, find_resumable, load_checkpoint
from mmwsss.engine.loaded_weights import misfit, other_classes
from mmwsss.registry import MODELS
from tests.test_engine.runs import REPOSITORY, make_runner
from tests.test_engine.toy import ToyModel

BAD = {
    'empty': {},
    'empty state': {'state_dict': {}},
    'no state': {'state_dict': 3},
    'alien': {'a.weight': torch.zeros(2)},
    'part': {k: v for k, v in ToyModel().state_dict().items() if not k.startswith('net.4')},
    'shapes': {**ToyModel().state_dict(), 'net.0.weight': torch.zeros(9, 2)},
}
MESSAGES = {
    'part': r'2 of 6 weights are missing \(net\.4\.bias, net\.4\.weight\)',
    'alien': r'6 of 6 weights are missing .* 1 are unknown \(a\.weight\)',
    'shapes': r'1 have another shape \(net\.0\.weight \(9, 2\) instead of \(8, 2\)\)',
}


@pytest.mark.parametrize('kind', BAD)
@pytest.mark.parametrize('tta', [False, True])
def test_a_test_refuses(tmp_path, kind, tta):
    torch.save(BAD[kind], tmp_path / 'a.pth')
    runner = make_runner(tmp_path, load_from=str(tmp_path / 'a.pth'))
    if tta:
        runner.model = MODELS.get('SoftmaxScores')(runner.model)
    message = MESSAGES.get(kind, '6 of 6 weights are missing')
    with pytest.raises(CheckpointError, match=rf'a\.pth: does not fit ToyModel .*{message}'):
        runner.test()


def test_a_test_takes_more_than_it_needs(tmp_path):
    state = {f'module.{k}': v for k, v in ToyModel().state_dict().items()}
    torch.save({**state, 'auxiliary.weight': torch.zeros(1)}, tmp_path / 'a.pth')
    make_runner(tmp_path, load_from=str(tmp_path / 'a.pth')).test()


def test_another_stages_checkpoint_and_class_count():
    """By the configs themselves: a CAM network, a segmentor, and one with fewer classes."""

    def build(name, **options):
        cfg = read_config(REPOSITORY / 'configs' / name)
        cfg.merge_from_dict(options)
        return MODELS.build(cfg.model)

    cam = build('cam/cam_r18_shapes.py')
    fewer = build('cam/cam_r18_shapes.py', **{'model.head.num_classes': 5})
    segmentor = build('demo/deeplabv3plus_r18_cam_shapes.py')
    affinity = build('refine/psa_r18_shapes.py')
    assert misfit(cam, cam.state_dict()) == ''
    assert 'another shape (head' in misfit(cam, {'state_dict': fewer.state_dict()})
    for model in (segmentor, affinity):
        assert 'weights are missing' in misfit(model, cam.state_dict(), unknown=False)
    assert 'weights are missing' in misfit(cam, segmentor.state_dict(), unknown=False)


def test_frozen_helpers_need_not_be_there():
    model = nn.ModuleDict({'a': nn.Linear(2, 2), 'helper': nn.Linear(2, 2)})
    model['helper'].requires_grad_(False)
    assert misfit(model, {'a.weight': torch.zeros(2, 2), 'a.bias': torch.zeros(2)}) == ''


def test_training_starts_from_a_part_but_not_from_nothing(tmp_path):
    one = 'train_cfg.update(max_epochs=1)\n'
    for kind in ('part', 'alien'):
        torch.save(BAD[kind], tmp_path / f'{kind}.pth')
    make_runner(tmp_path, one, load_from=str(tmp_path / 'part.pth')).train()
    with pytest.raises(CheckpointError, match='does not fit ToyModel'):
        make_runner(tmp_path, one, load_from=str(tmp_path / 'alien.pth')).train()


def test_classes_in_another_order(tmp_path):
    before = ('background', 'cat', 'dog')
    assert other_classes(before, ('background', 'Cat', 'dog')) == ''
    assert other_classes(before, ('background', 'tabby', 'dog')) == ''
    assert other_classes(None, before) == other_classes(before, None) == ''
    message = "'cat' is class 1 of the checkpoint and class 2 of the data"
    assert other_classes(before, ('background', 'dog', 'cat')) == message
    meta = {'dataset_meta': {'classes': ('thing', 'background')}}
    torch.save({'state_dict': ToyModel().state_dict(), 'meta': meta}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match="'thing' is class 0 of the checkpoint"):
        make_runner(tmp_path, load_from=str(tmp_path / 'a.pth')).test()


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (torch.zeros(3), 'holds a Tensor, and weights by name are expected'),
        ([1, 2], 'holds a list, and weights by name'),
        (ToyModel().state_dict(), 'has weights but no optimizer state'),
        ({'state_dict': ToyModel().state_dict(), 'optimizer': {}}, 'how far it was trained'),
        ({**BAD['alien'], 'optimizer': {}}, 'does not fit ToyModel'),
        (BAD['shapes'], 'does not fit ToyModel'),
    ],
)
def test_a_resume_refuses(tmp_path, content, message):
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=message):
        make_runner(tmp_path, resume=str(tmp_path / 'a.pth')).train()


def test_a_resume_with_another_optimizer(tmp_path):
    make_runner(tmp_path, 'train_cfg.update(max_epochs=1)\n').train()
    text = 'optim_wrapper.update(paramwise_cfg=dict(custom_keys={"net.0": dict(lr_mult=2)}))\n'
    with pytest.raises(CheckpointError, match=r'optimizer or schedules are not those .*parameter'):
        make_runner(tmp_path, text, resume='auto').train()


@pytest.mark.parametrize('content', [b'\x00\xff\x80garbage', b'a\x00b.pth', b'x' * 100_000])
def test_a_pointer_of_garbage(tmp_path, content):
    make_runner(tmp_path, 'train_cfg.update(max_epochs=1)\n').train()
    (tmp_path / 'run/last_checkpoint').write_bytes(content)
    file, passed_over = find_resumable(tmp_path / 'run')
    assert file == tmp_path / 'run/epoch_1.pth'
    assert 'last_checkpoint names no file' in passed_over[0]


@pytest.mark.parametrize('at', [0.3, 0.6, 0.9])
def test_bit_rot(tmp_path, at):
    """One flipped bit among the weights; torch would load it."""
    file = tmp_path / 'a.pth'
    torch.save({'state_dict': {'w': torch.zeros(4096)}}, file)
    with zipfile.ZipFile(file) as archive:
        info = max(archive.infolist(), key=lambda entry: entry.file_size)
    data = bytearray(file.read_bytes())
    begin = data.index(info.filename.encode()) + len(info.filename)
    data[begin + 100 + int(at * 10_000)] ^= 4
    file.write_bytes(data)
    with pytest.raises(CheckpointError, match=r'a\.pth is damaged: .*data/0 in it'):
        load_checkpoint(file)


class Resized(nn.Module):
    """Fits its table while it loads."""

    def __init__(self, length):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(length))
        self._register_load_state_dict_pre_hook(self._fit)

    def _fit(self, state, prefix, *args):
        state[f'{prefix}table'] = state[f'{prefix}table'][: len(self.table)]


def test_entries_that_adapt_themselves():
    model, longer = (nn.ModuleDict({'a': Resized(n), 'b': nn.Linear(n, 1)}) for n in (2, 5))
    problem = misfit(model, longer.state_dict())
    assert 'b.weight (1, 5) instead of (1, 2)' in problem and 'table' not in problem
