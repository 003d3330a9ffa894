"""Several processes: what is said of a failed run, once and last."""

import json
import os
import signal
import subprocess

import pytest

from mmwsss.engine.cli import readable_errors
from mmwsss.engine.errors import StageFailed
from mmwsss.torchrun import FAILURES, last_words, leave_failure

SCRIPT = """
import os, signal, sys, time
from mmwsss.torchrun import leave_failure

rank, how = int(os.environ['RANK']), sys.argv[1]
if how == 'well':
    sys.exit(0)
if rank == 0:
    time.sleep(60)  # waits for the other, as in a barrier
if how == 'killed':
    os.kill(os.getpid(), signal.SIGKILL)
assert leave_failure('what is wrong, and what to do')
sys.exit(1)
"""


def leave(folder, rank, time, text):
    (folder / f'{rank}.json').write_text(json.dumps({'time': time, 'text': text}))


def test_the_first_error_is_said(tmp_path):
    leave(tmp_path, 0, 11.0, 'Connection closed by peer')
    leave(tmp_path, 3, 10.5, 'a.jpg is cut short')
    text = last_words(tmp_path, {0: 1, 3: 1, 1: -15}, 4)
    assert text == 'error in process 3 of 4: a.jpg is cut short'


def test_an_error_of_all_is_said_once(tmp_path):
    for rank in range(2):
        leave(tmp_path, rank, 10.0 + rank, 'no such file')
    assert last_words(tmp_path, {0: 1, 1: 1}, 2) == 'error: no such file'


@pytest.mark.parametrize(
    ('codes', 'text'),
    [
        ({0: -15, 1: -9}, 'process 1 of 2 was killed by SIGKILL, probably for want of memory'),
        ({0: -15, 1: 2}, 'process 1 of 2 ended with exit code 2'),
        ({0: -15, 1: -11}, 'process 1 of 2 was killed by SIGSEGV'),
    ],
)
def test_who_left_nothing(tmp_path, codes, text):
    assert last_words(tmp_path, codes, 2) == f'error: {text}; what it printed stands above'


def test_without_the_launcher_a_process_prints_for_itself(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(FAILURES, raising=False)
    assert not leave_failure('x')
    monkeypatch.setenv(FAILURES, str(tmp_path / 'gone'))
    assert not leave_failure('x')
    with pytest.raises(SystemExit), readable_errors():
        raise StageFailed('x')
    assert capsys.readouterr().err == 'error: x\n'


@pytest.mark.parametrize('debug', [False, True])
def test_with_it_the_message_or_the_traceback_is_left(tmp_path, monkeypatch, capsys, debug):
    monkeypatch.setenv(FAILURES, str(tmp_path))
    monkeypatch.setenv('RANK', '1')
    with pytest.raises(SystemExit) as stop, readable_errors(debug):
        raise StageFailed('what is wrong')
    assert stop.value.code == 1 and capsys.readouterr().err == ''
    text = json.loads((tmp_path / '1.json').read_text())['text']
    assert text == 'what is wrong' or (debug and text.endswith('StageFailed: what is wrong'))
    assert debug == text.startswith('Traceback')


@pytest.mark.slow
@pytest.mark.parametrize(
    ('how', 'code', 'last'),
    [
        ('well', 0, ''),
        ('killed', 1, f'error: process 1 of 2 was killed by {signal.SIGKILL.name}'),
        ('badly', 1, 'error in process 1 of 2: what is wrong, and what to do'),
    ],
)
def test_two_processes(tmp_path, how, code, last, warm_python):
    (tmp_path / 'script.py').write_text(SCRIPT)
    command = [warm_python, '-m', 'mmwsss.torchrun', '--nproc_per_node=2', '--standalone']
    result = subprocess.run(
        [*command, str(tmp_path / 'script.py'), how],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    lines = result.stderr.splitlines()
    assert result.returncode == code, result.stderr
    assert (lines or [''])[-1].startswith(last) and len(lines) <= 3, result.stderr
