"""What has not changed is not read again; what may have suffered is."""

import os

import numpy as np
import pytest

from mmwsss.stores import StoreMeta, create_store, ledger, open_store

META = StoreMeta('masks', ('a',), 'list')
IDS = ['x', 'y', 'sub/z', 'with blank']


@pytest.fixture
def store(tmp_path):
    store = create_store(tmp_path / 'm', META)
    for id in IDS:
        store.write(id, np.zeros((2, 2), int))
    store.ledger.end()
    store.close()
    return store


@pytest.fixture
def read(monkeypatch):
    """Ids that are read in full."""
    seen = []
    from mmwsss.stores.mask_store import MaskStore

    decode = MaskStore.decode

    def count(self, path):
        seen.append(path.relative_to(self.folder).as_posix()[:-4])
        return decode(self, path)

    monkeypatch.setattr(MaskStore, 'decode', count)
    return seen


def test_nothing_is_read_that_was_written_here(store, read):
    assert open_store(store.folder).pending([*IDS, 'new']) == ['new']
    assert not read
    assert not open_store(store.folder).verify()
    assert sorted(read) == sorted(IDS)


def test_what_changed_is_read(store, read):
    os.utime(store.path('x'), ns=(1, 1))
    store.path('y').write_bytes(b'broken')
    data = bytearray(store.path('sub/z').read_bytes())
    before = store.path('sub/z').stat()
    data[-20] ^= 255
    store.path('sub/z').write_bytes(data)  # of the same size and time
    os.utime(store.path('sub/z'), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert open_store(store.folder).pending(IDS) == ['y', 'sub/z']
    assert read == ['x', 'y', 'sub/z']


def test_what_was_read_is_known_to_the_writer(store, read):
    store.ledger.clear()
    again = create_store(store.folder, META)
    assert not again.pending(IDS)
    assert read == IDS
    assert not again.pending(IDS)
    assert read == IDS


def test_an_entry_that_fails_to_be_read_is_struck(store, read, monkeypatch):
    """Bit rot leaves no trace in a file's times."""
    known = store.ledger.read()
    store.path('x').write_bytes(b'rot')
    monkeypatch.setattr('mmwsss.stores.base.stamp', lambda path: known['x'])
    assert not open_store(store.folder).pending(['x'])
    with pytest.raises(ValueError, match="entry 'x' is broken"):
        open_store(store.folder)['x']
    assert open_store(store.folder).pending(['x']) == ['x']


def test_after_a_power_failure_everything_is_read(store, read, monkeypatch):
    again = create_store(store.folder, META)
    again.write('new', np.zeros((2, 2), int))  # and no end
    again.close()
    assert not open_store(store.folder).pending(IDS)
    assert not read
    monkeypatch.setattr(ledger, '_BOOT', 'another start of the machine')
    assert not open_store(store.folder).pending(IDS)
    assert read == IDS
    third = create_store(store.folder, META)
    assert not third.pending([*IDS, 'new'])
    assert read == [*IDS, *IDS, 'new']
    assert not third.pending([*IDS, 'new'])
    assert len(read) == 2 * len(IDS) + 1


@pytest.mark.parametrize('content', [b'1 2', b'x y z a\n', b'\xff', b'# begin\n1 2 3', b'\0' * 99])
def test_a_torn_ledger_costs_time_alone(store, read, content):
    with open(store.ledger.path, 'ab') as file:
        file.write(content)
    assert not create_store(store.folder, META).pending(IDS)
    assert read == IDS
    assert not create_store(store.folder, META).pending(IDS)
    assert read == IDS


def test_a_copied_store_is_read(store, tmp_path, read):
    import shutil

    shutil.copytree(store.folder, tmp_path / 'copy')
    assert not open_store(tmp_path / 'copy').pending(IDS)
    assert read == IDS
