"""The stand-in for the interpreter behaves as that does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LIGHT = ('compat', 'import_hooks', 'installed', 'version')
SHOW = 'import os, sys; print(sys.argv, os.getcwd(), os.environ.get("OF_MINE"), sys.stdin.read())'


@pytest.mark.parametrize('how', ['script', 'module', 'code', 'isolated'])
def test_arguments_folder_environment_and_input(warm_python, tmp_path, how):
    (tmp_path / 'show.py').write_text(SHOW)
    start = {
        'script': ['show.py'],
        'module': ['-u', '-m', 'show'],
        'code': ['-c', 'import show'],
        'isolated': ['-S', 'show.py'],  # an option that it leaves to the interpreter
    }
    printed = [
        subprocess.run(
            [python, *start[how], 'a b', 'ü'],
            cwd=tmp_path,
            env={**os.environ, 'OF_MINE': 'ß\n'},
            input='in',
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for python in (warm_python, sys.executable)
    ]
    assert printed[0] == printed[1] and "'a b', 'ü'" in printed[0]


@pytest.mark.parametrize(
    ('code', 'expected', 'said'),
    [
        ('pass', 0, ''),
        ('raise SystemExit(3)', 3, ''),
        ('raise SystemExit("bad")', 1, 'bad\n'),
        ('raise ValueError("bad")', 1, 'ValueError: bad\n'),
        ('import os; os.kill(os.getpid(), 9)', -signal.SIGKILL, ''),
        ('import os; os.kill(os.getpid(), 15)', -signal.SIGTERM, ''),
    ],
)
def test_how_it_ends(warm_python, code, expected, said):
    result = subprocess.run([warm_python, '-c', code], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (expected, '')
    assert result.stderr.endswith(said)


def test_open_files_are_passed_on(warm_python):
    read, write = os.pipe()
    with open(read) as pipe:
        subprocess.run([warm_python, '-c', f'open({write}, "w").write("x")'], pass_fds=[write])
        os.close(write)
        assert pipe.read() == 'x'


def test_our_modules_are_imported_anew(warm_python):
    code = 'import sys; print(*sys.modules)'
    found = subprocess.run([warm_python, '-c', code], capture_output=True, text=True).stdout.split()
    assert ('torch' in found) == (sys.platform == 'linux')
    # `import mmwsss` alone brings these: it corrects what others import.
    light = {'mmwsss', *(f'mmwsss.{name}' for name in LIGHT)}
    assert {name for name in found if name.split('.')[0] == 'mmwsss'} <= light


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='looks for a process in /proc')
@pytest.mark.parametrize('sent', [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_it_ends_what_it_runs(warm_python, sent):
    command = [warm_python, '-u', '-c', 'import os, time; print(os.getpid()); time.sleep(60)']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    own = Path('/proc') / process.stdout.readline().strip()
    process.send_signal(sent)
    assert process.wait() == -sent
    deadline = time.monotonic() + 30
    while own.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not own.exists()
    process.stdout.close()
