"""Everyday errors are one line; faults of the program keep their traceback."""

import errno
import os
import re
from functools import partial

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmwsss.engine.cli import readable_errors
from mmwsss.engine.explain import explain
from mmwsss.registry import MODELS, build
from mmwsss.stores import open_store
from tests.test_engine.runs import make_runner
from tests.test_engine.toy import ToyModel


class Failing(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        open_store('/not/there', 'scores') if index == 0 else 1 / 0


def caught(function):
    try:
        function()
    except BaseException as error:
        return explain(error)
    raise AssertionError('nothing was raised')


def raising(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ('number', 'expected'),
    [
        (errno.EROFS, '/w/a.log: the disk is read-only: choose another --work-dir'),
        (errno.ENOSPC, '/w/a.log: the disk is full: make room; what is finished is kept'),
        (errno.EACCES, '/w/a.log: no permission: mend it, or choose another place'),
        (errno.ENOTDIR, '/w/a.log: Not a directory'),
        (errno.ENOENT, '/w/a.log: No such file or directory'),
    ],
)
def test_of_the_system(number, expected):
    assert caught(raising(OSError(number, os.strerror(number), '/w/a.log'))) == expected


@pytest.mark.parametrize(
    ('error', 'expected'),
    [
        (torch.OutOfMemoryError('CUDA out of memory. Tried\nmore'), 'Tried). Take less at once'),
        (MemoryError(), 'out of memory (no message)'),
        (ImportError('Please run "pip install tensorboard"'), 'pip install tensorboard'),
        (RuntimeError('DataLoader worker (pid 3) is killed by signal: Bus error.'), '--shm-size'),
        (RuntimeError('DataLoader worker (pid 3) is killed by signal: Killed.'), 'memory ran out'),
        (RuntimeError('DataLoader worker (pid(s) 3) exited unexpectedly'), 'worker died'),
    ],
)
def test_of_memory_and_packages(error, expected):
    assert expected in caught(raising(error))


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'model.type': 'ToyModle'}, "model.type: there is no 'ToyModle', did you mean 'ToyModel'"),
        ({'model.odd': 3}, "model.odd: ToyModel has no option 'odd', it has "),
        ({'train_dataloader.batch_size': 0}, 'batch_size is a whole number .* found 0'),
        (
            {'train_dataloader.batch_sizes': 4},
            "in train_dataloader, did you mean 'batch_size'",
        ),
        ({'randomness.seed': -1}, 'randomness.seed is a whole number'),
        ({'train_cfg.type': 'IterBasedLoop'}, "did you mean 'IterBasedTrainLoop'"),
        ({'optim_wrapper.optimizer.type': 'Adamm'}, "there is no 'Adamm', did you mean 'Adam'"),
        ({'optim_wrapper.optimizer.lrr': 1}, "'lrr' in optim_wrapper.optimizer, did you mean 'lr'"),
        ({'param_scheduler.0.type': 'Pooly'}, "0.type: there is no 'Pooly', did you mean 'PolyLR'"),
        (
            {'default_hooks.checkpoint.interwal': 1},
            "'interwal' in default_hooks.checkpoint, did you mean 'interval'",
        ),
        (
            {'val_evaluator.type': 'Errror'},
            "val_evaluator.type: there is no 'Errror', did you mean",
        ),
        ({'vis_backends': [dict(type='TensorboardVisBackend')]}, 'tensorboard'),
    ],
)
def test_of_configs(tmp_path, capsys, options, expected):
    """A mistake in a config or an option ends in one line, whoever finds it."""
    if 'vis_backends' in options:
        options = {'visualizer': dict(type='Visualizer', **options)}
    with pytest.raises(SystemExit) as stop, readable_errors():
        make_runner(tmp_path, options=options).train()
    assert stop.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith('error: ') and re.search(expected, message), message


def test_of_workers():
    """An error arrives as text; the last frame in it counts."""
    assert '/not/there' in caught(lambda: list(DataLoader(Failing(), num_workers=1)))
    dataset = Failing()
    sampler = [1]
    assert caught(lambda: list(DataLoader(dataset, sampler=sampler, num_workers=1))) is None


class PartlyUnused(ToyModel):
    """Its last part computes nothing; a frozen one does not count."""

    def __init__(self, width=1):
        super().__init__()
        self.frozen = nn.Linear(1, 1).requires_grad_(False)
        self.spare = nn.Sequential(*(nn.Linear(1, 1) for _ in range(width)))


@pytest.mark.parametrize(
    ('width', 'names'),
    [
        (1, 'spare.0.weight, spare.0.bias'),
        (3, r'spare.0.weight, spare.0.bias, .*, spare.2.weight and 1 more'),
    ],
)
def test_parameters_that_several_processes_do_not_train(width, names, tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
    torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    monkeypatch.setitem(MODELS.module_dict, 'ToyModel', partial(PartlyUnused, width))
    try:
        text = caught(make_runner(tmp_path, launcher='pytorch').train)
        options = dict(find_unused_parameters=True)
        make_runner(tmp_path, options=options, launcher='pytorch', name='all').train()
    finally:
        torch.distributed.destroy_process_group()
    assert '\n' not in text
    assert re.match(rf'the loss does not depend on {names}, and several processes', text)
    assert 'find_unused_parameters = True at the top of the config' in text


def test_what_was_raised_on_purpose():
    text = caught(lambda: MODELS.get('SoftmaxScores')(None, min_score=7))
    assert text == 'min_score must lie in [0, 1), found 7'
    assert 'registry' in caught(lambda: MODELS.build(dict(type='Nobody')))
    assert caught(lambda: Config.fromfile('/not/there.py'))


@pytest.mark.parametrize(
    'fault', [lambda: 1 / 0, lambda: {}['x'], lambda: None.x, lambda: int('x')]
)
def test_faults_keep_their_traceback(fault):
    assert caught(fault) is None


def test_keys_that_a_config_lacks():
    cfg = Config({'train_cfg': {}})
    text = caught(lambda: cfg['model'])
    assert re.fullmatch(
        r"the config has no 'model', which is needed in .*test_explain.py, line \d+", text
    )
    assert caught(lambda: cfg.to_dict()['model']) is None


def test_code_of_ones_own_on_the_way_is_named(tmp_path, monkeypatch):
    """A refiner of a user's that hands on what ours refuses."""
    (tmp_path / 'own.py').write_text(
        'from mmwsss.registry import MODELS\n'
        '@MODELS.register_module(force=True)\n'
        'class Own:\n'
        '    def __init__(self):\n'
        "        MODELS.build(dict(type='NegativeWeights', weight=-1))\n"
        '@MODELS.register_module(force=True)\n'
        'class NegativeWeights:\n'
        '    def __init__(self, weight):\n'
        '        from mmwsss.refiners import AddEvidence\n'
        '        AddEvidence(weight, background=0.3)\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    __import__('own')
    text = caught(lambda: build(MODELS, dict(type='Own')))
    assert text.startswith('weight must not be negative, found -1')
    assert text.endswith(f'(by way of {tmp_path / "own.py"}:10; --debug shows all)')
