"""What the tools share."""

import os
import sys

import pytest

from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.engine import StageFailed
from mmwsss.engine.cli import readable_errors, stage_parser, start_processes
from mmwsss.stores import StoreError


@pytest.mark.parametrize('kind', [StageFailed, DataError, ImageError, StoreError])
def test_known_errors_become_a_message(capsys, kind):
    with pytest.raises(SystemExit) as stop, readable_errors():
        raise kind('what is wrong: and what to do')
    assert stop.value.code == 1
    assert capsys.readouterr().err == 'error: what is wrong: and what to do\n'


def test_errors_of_workers_lose_their_traceback(capsys):
    text = (
        'Caught ImageError in DataLoader worker process 0.\nOriginal Traceback (most recent call '
        'last):\n  ...\nmmwsss.datasets.errors.ImageError: a.jpg is cut short\n'
    )
    with pytest.raises(SystemExit), readable_errors():
        raise ImageError(text)
    assert capsys.readouterr().err == 'error: a.jpg is cut short\n'


def test_debug_and_unknown_errors_keep_the_traceback():
    with pytest.raises(StageFailed), readable_errors(debug=True):
        raise StageFailed('x')
    with pytest.raises(ZeroDivisionError), readable_errors():
        1 / 0  # noqa: B018


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--cfg-options', 'a.b'], "takes KEY=VALUE, found 'a.b'"),
        (['--cfg-options', '=3'], "takes KEY=VALUE, found '=3'"),
        (['--cfg-options', 'a=[1,2'], 'a: brackets do not close'),
        (['--cfg-options', 'a={b: 1}'], "a: '{b: 1}' is no dict as Python writes it"),
        (['--gpus', '0'], 'at least one process is expected, found 0'),
        (['--seed', '-1'], "a seed is 0 to 4294967295, found '-1'"),
        (['--seed', 'x'], 'a seed is 0 to'),
        (['--seed', '4294967296'], 'a seed is 0 to'),
    ],
)
def test_bad_options(capsys, options, message):
    with pytest.raises(SystemExit) as stop:
        stage_parser('x').parse_args(['c.py', *options])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_processes_are_started_once(monkeypatch):
    calls = []
    monkeypatch.setattr(os, 'execv', lambda program, command: calls.append(command))
    for options in ([], ['--gpus', '1'], ['--launcher', 'pytorch']):
        start_processes('train.py', stage_parser('x').parse_args(['c.py', *options]))
    for launcher, variable in (('pytorch', 'WORLD_SIZE'), ('slurm', 'SLURM_NTASKS')):
        options = ['c.py', '--gpus', '2', '--launcher', launcher]
        monkeypatch.setenv(variable, '2')
        start_processes('train.py', stage_parser('x').parse_args(options))
        monkeypatch.setenv(variable, '3')
        message = f'--gpus 2, but --launcher {launcher} finds 3 processes that were started'
        with pytest.raises(StageFailed, match=message):
            start_processes('train.py', stage_parser('x').parse_args(options))
        monkeypatch.delenv(variable)
    start_processes('train.py', stage_parser('x').parse_args(options))  # where srun is missing
    assert not calls, 'one process, or one of those that the launcher has started'
    monkeypatch.setattr(sys, 'argv', ['train.py', 'c.py', '--gpus', '2', '--amp'])
    start_processes('train.py', stage_parser('x').parse_args(['c.py', '--gpus', '2']))
    (command,) = calls
    assert command[:4] == [sys.executable, '-m', 'mmwsss.torchrun', '--nproc_per_node=2']
    tool = ['train.py', 'c.py', '--gpus', '2', '--amp', '--launcher', 'pytorch']
    assert command[-len(tool) :] == tool
    options = ['c.py', '--gpus', '1', '--launcher', 'pytorch']
    start_processes('train.py', stage_parser('x').parse_args(options))
    assert '--nproc_per_node=1' in calls[1], 'nobody has started any'


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (['--seed', '3', '--cfg-options', 'randomness.seed=4'], '--seed 3 and .*seed=4 say two'),
        (['--seed', '3', '--cfg-options', "randomness={'seed': 4}"], 'randomness.seed=4 say two'),
        (['--seed', '3', '--cfg-options', 'randomness.seed=3', 'work_dir=a'], ''),
        (['--work-dir', 'a', '--cfg-options', 'work_dir=b'], '--work-dir a and .* work_dir=b say'),
        (['--resume', '--cfg-options', 'load_from=a.pth'], '--resume auto and .* load_from=a.pth'),
        (['--total-batch', '8', '--cfg-options', 'batch.total=4'], '--total-batch 8 and .*=4'),
        (['--total-batch', '8', '--cfg-options', 'batch.at_once=4'], ''),
    ],
)
def test_options_that_say_two_things(options, said):
    parser = stage_parser('x')
    parser.add_argument('--resume', nargs='?', const='auto')
    parser.add_argument('--total-batch', type=int)
    args = parser.parse_args(['c.py', *options])
    if not said:
        start_processes('train.py', args)
        return
    with pytest.raises(StageFailed, match=said):
        start_processes('train.py', args)


def test_ctrl_c():
    with pytest.raises(SystemExit) as stop, readable_errors():
        raise KeyboardInterrupt
    assert stop.value.code == 130


def test_options():
    args = stage_parser('x').parse_args(['c.py', '--cfg-options', 'a.b=3', 'c=[1,2]'])
    assert args.cfg_options == {'a.b': 3, 'c': [1, 2]}
    args = stage_parser('x').parse_args(['c.py', '--cfg-options', "a={'type': 'B', 'c': [1]}"])
    assert args.cfg_options == {'a': {'type': 'B', 'c': [1]}}
    assert (args.launcher, args.seed, args.trust_checkpoint) == ('none', None, False)
    with pytest.raises(SystemExit):
        stage_parser('x').parse_args(['c.py', '--launcher', 'mpi'])
