"""Stages from a warm process are processes like others."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from mmwsss.recipes import warm as module
from mmwsss.recipes.process import run_process
from mmwsss.recipes.warm import WarmStarts

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='forks on Linux only')
MODULES = module.MODULES  # before the fixture below
TELL = """
import json, os, random, sys
files = os.listdir('/proc/self/fd')
paths = [os.path.realpath(f'/proc/self/fd/{number}') for number in files]
print(json.dumps(dict(
    argv=sys.argv, name=__name__, folder=os.getcwd(), path=sys.path[0], stdin=sys.stdin.read(),
    pid=os.getpid(), parent=os.getppid(), session=os.getsid(0), group=os.getpgid(0),
    note=os.environ.get('NOTE'), draw=random.random(), files=files,
    lock=paths.count(os.environ.get('LOCK')),
)))
"""


@pytest.fixture(autouse=True)
def nothing_to_import(monkeypatch):
    monkeypatch.setattr(module, 'MODULES', ())
    monkeypatch.setattr(module, '_on_cpu', lambda: True)


def run(warm, tmp_path, code=TELL, *arguments, note=None, **options):
    """Returns (exit code, last lines)."""
    script = tmp_path / 'script.py'
    script.write_text(code)
    return run_process(
        [sys.executable, '-u', str(script), *arguments],
        log=tmp_path / 'log',
        env={**os.environ, **({} if note is None else {'NOTE': note})},
        start=warm.start if warm else module.start_process,
        **{'on_line': lambda line: None, **options},
    )


def told(*arguments, **options):
    code, lines = run(*arguments, **options)
    assert code == 0, lines
    return json.loads(lines[-1])


def test_a_script_finds_what_it_finds_in_an_interpreter_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv('LOCK', str(tmp_path / 'lock'))
    with open(tmp_path / 'lock', 'w') as lock, WarmStarts() as warm:
        options = {'note': 'x', 'keep_open': (lock.fileno(),)}
        first, second = (told(warm, tmp_path, TELL, '--a', 'b c', **options) for _ in range(2))
        fresh = told(None, tmp_path, TELL, '--a', 'b c', **options)
        other = tmp_path / 'other'
        other.mkdir()
        monkeypatch.chdir(other)
        assert told(warm, tmp_path, note='x')['folder'] == str(other)
    assert first['parent'] == second['parent'] != os.getpid() == fresh['parent']
    for found in (first, second, fresh):
        assert found['session'] == found['group'] == found['pid']
        assert found['lock'] == 1
    assert len({found['pid'] for found in (first, second, fresh)}) == 3
    assert first['draw'] != second['draw']
    for key in ('argv', 'name', 'folder', 'path', 'stdin', 'note'):
        assert first[key] == second[key] == fresh[key], key
    assert len(first['files']) == len(fresh['files']), 'no file of the warm process is left open'


def test_modules_are_found_where_an_interpreter_finds_them(tmp_path, monkeypatch):
    """Beside the script, wherever a link leads to it, and never in the working directory."""
    (tmp_path / 'colorsys.py').write_text('raise ValueError("in place of the library")')
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to('real')
    monkeypatch.setattr(module, 'MODULES', ('colorsys',))
    monkeypatch.chdir(tmp_path)
    with WarmStarts() as warm:
        found, fresh = (told(start, Path('link')) for start in (warm, None))
    assert found['parent'] != os.getpid()
    assert found['path'] == fresh['path'] == str(tmp_path.resolve() / 'real')


def test_how_it_ends(tmp_path):
    with WarmStarts() as warm:
        assert run(warm, tmp_path, 'import sys; sys.exit(4)')[0] == 4
        code, tail = run(warm, tmp_path, 'import atexit; atexit.register(print, "bye"); 1 / 0')
        assert code == 1 and tail[-1] == 'bye' and any('ZeroDivisionError' in line for line in tail)
        killed = 'import os, signal; print(1); os.kill(os.getpid(), signal.SIGKILL)'
        assert run(warm, tmp_path, killed) == (-signal.SIGKILL, ['1'])
        assert run(warm, tmp_path, 'print(2)') == (0, ['2']), 'it starts more after that'
        process = warm._server
    assert process.returncode is not None


def test_another_environment_or_code_has_another_process(tmp_path, monkeypatch):
    with WarmStarts() as warm:
        one = told(warm, tmp_path)
        two = told(warm, tmp_path, note='y')
        monkeypatch.setattr(module, '_code', lambda: {'changed': 1})
        three = told(warm, tmp_path, note='y')
    assert two['note'] == three['note'] == 'y' and one['note'] is None
    assert len({found['parent'] for found in (one, two, three)} - {os.getpid()}) == 3


def test_the_state_of_the_code(tmp_path, monkeypatch):
    monkeypatch.setattr(module, '_PACKAGE', tmp_path)
    (tmp_path / 'a.py').touch()
    before = module._code()
    os.utime(tmp_path / 'a.py', (1, 1))
    assert module._code() != before


@pytest.mark.parametrize('why', ['on a GPU', 'cannot import', 'has threads', 'a launcher'])
def test_where_it_is_not_safe_a_process_starts_afresh(tmp_path, monkeypatch, why):
    if why == 'on a GPU':
        monkeypatch.setattr(module, '_on_cpu', lambda: False)
    elif why == 'cannot import':
        monkeypatch.setattr(module, 'MODULES', ('no_such_module',))
    elif why == 'has threads':
        (tmp_path / 'threads_of_mine.py').write_text(
            'import threading, time\nthreading.Thread(target=time.sleep, args=[60]).start()'
        )
        paths = [str(tmp_path), os.environ.get('PYTHONPATH', '')]
        monkeypatch.setenv('PYTHONPATH', os.pathsep.join(filter(None, paths)))
        monkeypatch.setattr(module, 'MODULES', ('threads_of_mine',))
    with WarmStarts() as warm:
        if why == 'a launcher':
            command = [sys.executable, '-c', 'import os; print(os.getppid())']
            process = warm.start(command, os.environ)
            assert process.stdout.read() == f'{os.getpid()}\n'
            process.wait()
        else:
            assert [told(warm, tmp_path)['parent'] for _ in range(2)] == [os.getpid()] * 2
        assert warm._server is None


def test_killed_warm_process_takes_its_stage_along(tmp_path):
    pids = []

    def kill_parent(line):
        pids.append(int(line.split()[0]))
        os.kill(int(line.split()[1]), signal.SIGKILL)

    code = 'import os, time; print(os.getpid(), os.getppid(), flush=True); time.sleep(60)'
    with WarmStarts() as warm:
        status, _ = run(warm, tmp_path, code, on_line=kill_parent)
        assert status == -signal.SIGKILL
        stat, deadline = Path(f'/proc/{pids[0]}/stat'), time.monotonic() + 10
        while stat.exists() and ') Z' not in stat.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not stat.exists() or ') Z' in stat.read_text()
        assert told(warm, tmp_path)['parent'] == os.getpid(), 'the next begins afresh'


@pytest.mark.parametrize(
    ('at', 'codes'),
    [('os.setsid', [0, 0]), ('mmwsss.recipes.warm._receive', [-signal.SIGKILL, 0])],
)
def test_stage_killed_before_it_begins(tmp_path, monkeypatch, at, codes):
    """It starts afresh, or counts as killed; neither its recipe nor the next stage waits for it."""
    (tmp_path / 'deadly.py').write_text(
        f"""
import os, {at.rpartition('.')[0]}
as_ever = {at}
def deadly_once(*arguments):
    if not os.path.exists('{tmp_path}/died'):
        open('{tmp_path}/died', 'x')
        os.kill(os.getpid(), 9)
    return as_ever(*arguments)
{at} = deadly_once
"""
    )
    monkeypatch.setattr(module, 'MODULES', ('deadly',))
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    with WarmStarts() as warm:
        assert [run(warm, tmp_path)[0] for _ in range(2)] == codes


def test_interrupted_before_it_begins_it_does_not_begin(tmp_path, monkeypatch):
    receive = module._receive

    def interrupted(*arguments):
        receive(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, '_receive', interrupted)
    begun = tmp_path / 'begun'
    with pytest.raises(KeyboardInterrupt), WarmStarts() as warm:
        run(warm, tmp_path, f'open({str(begun)!r}, "w")')
    time.sleep(0.5)
    assert not begun.exists() and warm._server is None


@pytest.mark.slow
def test_what_is_imported_leaves_no_threads_and_no_gpu(tmp_path, monkeypatch):
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, 'MODULES', MODULES)
    code = """
import os, sys
imported = len(sys.modules)
import numpy, torch
print(os.getppid(), imported > 2000, torch.cuda.is_initialized(), torch.get_num_threads(),
      torch.initial_seed(), numpy.random.rand(), len(torch.rand(300, 300) @ torch.rand(300, 300)))
"""
    with WarmStarts() as warm:
        found = [run(warm, tmp_path, code)[1][-1].split() for _ in range(2)]
    fresh = run(None, tmp_path, code)[1][-1].split()
    assert found[0][:4] == found[1][:4] == [found[0][0], 'True', *fresh[2:4]]
    assert found[0][0] != str(os.getpid()) == fresh[0], 'they come from the warm process'
    drawn = {one[place] for one in (*found, fresh) for place in (4, 5)}
    assert len(drawn) == 6, 'numbers without a seed differ'
