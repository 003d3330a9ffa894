"""A file is there in full or not at all."""

import errno

import pytest

from mmwsss.stores.atomic import atomic_write, atomic_write_json, remove_temporaries


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / 'deep' / 'a.json'
    atomic_write_json(path, {'a': 1})
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text('half')
        raise RuntimeError
    assert path.read_text() == '{\n "a": 1\n}\n'
    assert [p.name for p in path.parent.iterdir()] == ['a.json']


def test_full_disk_leaves_no_rubbish(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        atomic_write_json(tmp_path / 'a.json', {})
    assert not list(tmp_path.iterdir())


def test_leftovers_are_removed(tmp_path):
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / '.a.npz.77.tmp').touch()
    (tmp_path / 'a.npz').touch()
    remove_temporaries(tmp_path)
    assert [p.name for p in tmp_path.rglob('*') if p.is_file()] == ['a.npz']
