"""Workers with little shared memory."""

import subprocess

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmwsss.engine import workers
from mmwsss.engine.workers import prepare_workers
from tests.test_engine.runs import REPOSITORY


class Tensors(Dataset):
    """Every kind of tensor that a pipeline may make."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        values = torch.arange(6).reshape(2, 3) + index
        return {
            'float': values.float(),
            'strided': values.t(),
            'bool': values > 2,
            'half': values.bfloat16(),
            'scalar': torch.tensor(index),
        }


def load(monkeypatch, free):
    monkeypatch.setattr(workers, 'shared_memory', lambda: free)
    loader = DataLoader(Tensors(), None, num_workers=1, worker_init_fn=set_threads)
    prepare_workers(loader)
    return list(loader)


def set_threads(worker_id):
    torch.set_default_dtype(torch.float64)  # as a sign


@pytest.mark.parametrize('free', [None, 2**24, 2**40])
def test_nothing_changes_on_the_way(monkeypatch, free):
    loaded = load(monkeypatch, free)
    assert len(loaded) == 4
    for index, got in enumerate(loaded):
        wanted = Tensors()[index]
        assert got.keys() == wanted.keys()
        for name, value in got.items():
            assert torch.equal(value, wanted[name]) and value.dtype == wanted[name].dtype
            shared = value.is_shared()
            assert shared == (free != 2**24 or name == 'half')


def test_a_loader_without_workers_is_left_alone():
    loader = DataLoader(Tensors(), None)
    prepare_workers(loader)
    assert loader.worker_init_fn is None


DYING = """
import torch
from torch.utils.data import DataLoader
from mmwsss.engine import workers
from mmwsss.engine.cli import readable_errors

class Unsendable:
    def __reduce__(self):
        raise RuntimeError('unable to allocate shared memory(shm)')

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, index):
        return Unsendable()

loader = DataLoader(Data(), None, num_workers=1)
workers.prepare_workers(loader)
with readable_errors():
    list(loader)
"""


@pytest.mark.slow
def test_a_worker_that_cannot_send_ends_the_run(tmp_path, warm_python):
    (tmp_path / 'dying.py').write_text(DYING)
    result = subprocess.run(
        [warm_python, str(tmp_path / 'dying.py')],
        capture_output=True,
        text=True,
        timeout=120,
        env={'PYTHONPATH': str(REPOSITORY), 'PATH': '/usr/bin:/bin'},
    )
    assert result.returncode == 1
    assert 'cannot send a batch (RuntimeError: unable to allocate shared memory' in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith('error: a DataLoader worker died') and '--shm-size' in last
