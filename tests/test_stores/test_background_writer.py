"""Entries written by threads: as good as those written one by one."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mmwsss.stores import StoreError, StoreMeta, create_store, open_store
from mmwsss.stores.background_writer import BackgroundWriter

META = StoreMeta('masks', ('a', 'b'), 'list')
STAGE = """
import sys
import numpy as np
from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.background_writer import BackgroundWriter
ids = [f'{index:04d}' for index in range(400)]
store = create_store(sys.argv[1], StoreMeta('masks', ('a', 'b'), 'list'))
print('open', flush=True)
with BackgroundWriter(store) as writer:
    for id in store.pending(ids):
        writer.put(id, np.full((30, 40), int(id) % 3))
    assert not writer.drain()
store.ledger.end()
"""


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def mask(value):
    return np.full((3, 4), value)


def test_equal_to_one_by_one(tmp_path):
    one, many = create_store(tmp_path / 'one', META), create_store(tmp_path / 'many', META)
    with BackgroundWriter(many) as writer:
        for index in range(100):
            one.write(f'sub{index % 3}/{index}', mask(index % 3))
            writer.put(f'sub{index % 3}/{index}', mask(index % 3))
        assert not writer.drain()
    assert list(one) == list(many)
    for id in one:
        assert one.path(id).read_bytes() == many.path(id).read_bytes()
    assert not open_store(tmp_path / 'many').verify()


def test_errors_come_in_order_and_others_are_written(tmp_path):
    store = create_store(tmp_path / 'm', META)
    with BackgroundWriter(store) as writer:
        for index in range(40):
            writer.put(f'{index:02d}', mask(9 if index % 10 == 7 else 0))
        failed = writer.done() + writer.drain()
    assert [id for id, _ in failed] == ['07', '17', '27', '37']
    assert all(isinstance(error, StoreError) for _, error in failed)
    assert len(store) == 36


def test_few_wait_in_memory(tmp_path, monkeypatch):
    store = create_store(tmp_path / 'm', META)
    written = []

    def slow(id, value):
        time.sleep(0.002)
        written.append(id)

    monkeypatch.setattr(store, 'write', slow)
    with BackgroundWriter(store) as writer:
        for index in range(100):
            writer.put(f'{index}', mask(0))
            assert index - len(written) <= 24
        writer.drain()
    assert len(written) == 100


def test_a_broken_off_run_finishes_what_it_has_in_hand(tmp_path):
    store = create_store(tmp_path / 'm', META)
    with pytest.raises(KeyboardInterrupt), BackgroundWriter(store) as writer:
        for index in range(30):
            writer.put(f'{index}', mask(0))
        raise KeyboardInterrupt
    assert not store.verify()
    assert not [p for p in store.folder.iterdir() if p.name.endswith('.tmp')]


@pytest.mark.slow
def test_twenty_kills_end_with_the_same_store(tmp_path):
    command = [sys.executable, '-c', STAGE]

    def start(folder):
        return subprocess.Popen(
            [*command, str(folder)], stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    whole = start(tmp_path / 'whole')
    assert whole.wait() == 0
    whole.stdout.close()
    rng = np.random.default_rng(0)
    left = []
    for _ in range(20):
        process = start(tmp_path / 'killed')
        assert process.stdout.readline() == 'open\n'
        time.sleep(rng.uniform(0, 0.03))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = open_store(tmp_path / 'killed')
        assert not store.verify()  # what is there is there in full
        left.append(len(store))
    assert left == sorted(left)  # and stays
    last = start(tmp_path / 'killed')
    assert last.wait() == 0
    last.stdout.close()
    assert contents(tmp_path / 'killed') == contents(tmp_path / 'whole')
