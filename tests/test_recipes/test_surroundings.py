"""Who holds the lock on a work directory."""

import json
import os
import subprocess
import sys

import pytest

from mmwsss.recipes.errors import PipelineError
from mmwsss.recipes.surroundings import find_holder, lock_folder, note_stage

pytest.importorskip('fcntl')


@pytest.fixture(scope='module')
def gone():
    """Id of a process that has ended."""
    process = subprocess.Popen([sys.executable, '-c', ''])
    process.wait()
    return process.pid


def edit(folder, **changes):
    path = folder / '.pipeline.lock'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_each_holder_is_named(tmp_path, gone):
    def said():
        with pytest.raises(PipelineError) as caught, lock_folder(tmp_path):
            pass
        assert find_holder(tmp_path) == str(caught.value)
        return str(caught.value)

    assert find_holder(tmp_path) == ''
    with lock_folder(tmp_path) as lock:
        assert f'another pipeline: process {os.getpid()} on ' in said()
        note_stage(lock, 'a stage of a long name', 1)
        note_stage(lock, 'cam', os.getpid())
        assert f'another pipeline: process {os.getpid()} on ' in said()
        edit(tmp_path, pipeline=gone)
        assert f'by stage cam, which outlived its pipeline: process {os.getpid()} on' in said()
        assert said().endswith(f'Wait for it, or end it: kill {os.getpid()}')
        edit(tmp_path, process=gone)
        assert f'process {gone} on' in said() and 'fuser' in said()
        edit(tmp_path, host='elsewhere')
        assert said().endswith(f'another pipeline: process {gone} on elsewhere')
        (tmp_path / '.pipeline.lock').write_text('process 3')
        assert said().endswith('another pipeline: unknown process')
    assert find_holder(tmp_path) == ''
    with lock_folder(tmp_path) as lock:
        assert lock is not None, 'nobody holds it any longer'


def test_a_work_dir_that_nothing_can_be_written_to(tmp_path):
    (tmp_path / 'file').touch()
    for folder in (tmp_path / 'file', tmp_path / 'file/below'):
        message = f'--work-dir {folder}: nothing can be written there'
        with pytest.raises(PipelineError, match=message), lock_folder(folder):
            pass
