import os
import resource
import sys
import threading
import time
from pathlib import Path

import pytest

from mmwsss.recipes.errors import Interrupted
from mmwsss.recipes.process import run_process, start_process
from mmwsss.recipes.surroundings import stoppable


def run(code, tmp_path, **options):
    lines = []
    result = run_process(
        [sys.executable, '-u', '-c', code],
        log=tmp_path / 'logs' / 'out.log',
        env=os.environ,
        on_line=lines.append,
        **options,
    )
    return result, lines


def test_output_goes_to_the_log_and_to_the_caller(tmp_path):
    code = 'import sys; print("one"); print("two", file=sys.stderr); sys.exit(4)'
    (status, tail), lines = run(code, tmp_path)
    assert status == 4 and sorted(tail) == ['one', 'two'] and len(lines) == 2
    run('print("three")', tmp_path)
    text = (tmp_path / 'logs' / 'out.log').read_text()
    assert 'one' in text and 'three' in text and text.count('$ ') == 2, 'the log is added to'


def test_tail_is_short_and_any_byte_is_read(tmp_path):
    code = 'import os\nfor i in range(99): os.write(1, b"%d \\xff\\n" % i)'
    (_, tail), _ = run(code, tmp_path)
    assert len(tail) == 15 and tail[-1].startswith('98 ')


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path):
    """A disk that gets full, a terminal that is gone: the process goes on, and is waited for."""

    def gone(line):
        raise BrokenPipeError

    log, (_, hard) = tmp_path / 'out.log', resource.getrlimit(resource.RLIMIT_FSIZE)
    code = 'for i in range(20000): print(i)'  # more than a pipe holds
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        command = [sys.executable, '-c', code]
        status, tail = run_process(command, log=log, env=os.environ, on_line=gone)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert status == 0 and tail[-1] == '19999' and log.stat().st_size <= 4000


def is_alive(pid):
    """Whether a process runs; one that nobody has waited for does not."""
    stat = Path(f'/proc/{pid}/stat')
    return stat.exists() and ') Z' not in stat.read_text()


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='looks for processes in /proc')
def test_a_process_whose_output_nobody_can_read_is_ended(tmp_path, monkeypatch):
    started = []

    def start(*arguments):
        started.append(start_process(*arguments))
        return started[0]

    def refused(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, 'start', refused)
    with pytest.raises(RuntimeError, match='new thread'):
        run('import time; time.sleep(60)', tmp_path, start=start)
    assert not is_alive(started[0].pid)


STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='looks for processes in /proc')
def test_a_group_that_does_not_end_is_killed(tmp_path):
    pids = []

    def interrupt(line):
        pids.append(int(line))
        os.kill(os.getpid(), 15)

    assert threading.current_thread() is threading.main_thread()
    begun = time.monotonic()
    with pytest.raises(Interrupted), stoppable():
        run_process(
            [sys.executable, '-c', STUBBORN],
            log=tmp_path / 'log',
            env=os.environ,
            on_line=interrupt,
            grace=0.2,
        )
    assert time.monotonic() - begun < 20
    deadline = time.monotonic() + 5
    while is_alive(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pids[0])
