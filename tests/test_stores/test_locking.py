"""One run at a time writes to a folder."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mmwsss.stores import StoreMeta, create_store, open_store
from mmwsss.stores.errors import FolderBusy
from mmwsss.stores.locking import FolderLock

HOLD = """
import sys, time
from mmwsss.stores.locking import FolderLock
lock = FolderLock(sys.argv[1])
if sys.argv[2] == 'share':
    lock.share()
print('held', flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder():
    """Start another process that holds a folder."""
    running = []

    def start(folder, how='alone'):
        command = [sys.executable, '-c', HOLD, str(folder), how]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout.readline() == 'held\n'
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def lock_file(folder):
    return folder.with_name(f'.{folder.name}.lock')


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr('mmwsss.stores.locking._PATIENCE', 0.1)


def test_a_second_run_is_refused_and_told_who_is_there(tmp_path, holder):
    other = holder(tmp_path)
    with pytest.raises(FolderBusy, match=rf'process {other.pid} on \S+ \(since .*\) is writing'):
        FolderLock(tmp_path)
    with pytest.raises(FolderBusy):
        FolderLock(tmp_path, shared=True)
    other.send_signal(signal.SIGKILL)
    other.wait()
    FolderLock(tmp_path).release()
    assert not lock_file(tmp_path).exists()


def test_processes_of_one_run_share(tmp_path, holder):
    holder(tmp_path, 'share')
    with FolderLock(tmp_path, shared=True), pytest.raises(FolderBusy):
        FolderLock(tmp_path)  # alone is another run's wish
    with pytest.raises(FolderBusy):
        FolderLock(tmp_path)


def test_a_link_is_the_folder_itself(tmp_path, holder):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to('real')
    holder(tmp_path / 'link')
    with pytest.raises(FolderBusy):
        FolderLock(tmp_path / 'real')


def test_a_process_may_take_it_twice(tmp_path):
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.release()
    assert lock_file(tmp_path).exists()
    second.release()
    second.release()
    assert not lock_file(tmp_path).exists()


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork')
def test_a_worker_that_outlives_its_parent_holds_nothing(tmp_path):
    code = HOLD.replace("print('held'", "import os\nif not os.fork(): time.sleep(60)\nprint('held'")
    command = [sys.executable, '-c', code, str(tmp_path), 'alone']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline() == 'held\n'
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    FolderLock(tmp_path).release()
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()


def test_a_planted_link_is_not_written_through(tmp_path):
    (tmp_path / 'precious').write_text('text')
    (tmp_path / '.store.lock').symlink_to('precious')
    (tmp_path / 'store').mkdir()
    with pytest.raises(OSError, match=r'symbolic links|Too many'):
        FolderLock(tmp_path / 'store')
    assert (tmp_path / 'precious').read_text() == 'text'


def test_stores_are_locked_while_they_are_written(tmp_path, holder):
    meta = StoreMeta('masks', ('a',), 'list')
    mask = np.zeros((1, 1), int)
    store = create_store(tmp_path / 'm', meta)
    store.write('x', mask)
    store.close()
    other = holder(tmp_path / 'm')
    for overwrite in (False, True):
        with pytest.raises(FolderBusy, match='is writing to it'):
            create_store(tmp_path / 'm', meta, overwrite)
    with pytest.raises(FolderBusy):
        open_store(tmp_path / 'm').write('y', mask)
    assert list(open_store(tmp_path / 'm')) == ['x']  # reading is free
    other.kill()
    other.wait()
    started = time.monotonic()
    create_store(tmp_path / 'm', meta).write('y', mask)
    assert time.monotonic() - started < 60
