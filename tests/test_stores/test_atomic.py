"""A file is there in full or not at all."""

import errno

import pytest

from mmwsss.stores.atomic import (
    atomic_write,
    atomic_write_bytes,
    atomic_write_json,
    remove_temporaries,
)


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


def test_temporary_names_cannot_be_foreseen_and_links_are_not_followed(tmp_path):
    names = set()
    for _ in range(2):
        with atomic_write(tmp_path / 'a') as temporary:
            assert temporary.parent == tmp_path
            names.add(temporary.name)
            temporary.write_text('new')
    assert len(names) == 2
    (tmp_path / 'precious').write_text('text')
    (tmp_path / 'b').symlink_to('precious')
    atomic_write_bytes(tmp_path / 'b', b'new')
    assert (tmp_path / 'precious').read_text() == 'text'
    assert not (tmp_path / 'b').is_symlink()


def test_new_files_have_the_usual_permissions(tmp_path):
    (tmp_path / 'usual').touch()
    atomic_write_bytes(tmp_path / 'a', b'')
    assert (tmp_path / 'a').stat().st_mode == (tmp_path / 'usual').stat().st_mode


def test_file_and_folder_are_flushed(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr('os.fsync', lambda descriptor: flushed.append('file'))
    monkeypatch.setattr('mmwsss.stores.atomic._fsync', lambda descriptor: flushed.append('folder'))
    atomic_write_bytes(tmp_path / 'a', b'')
    assert flushed == ['file', 'folder']


def test_only_own_leftovers_are_removed(tmp_path):
    others = ['a.tmp', '.a.tmp', '.a.npz.swap.tmp', '.a.npz.0123456789ABCDEF.tmp', 'a.npz.1.tmp']
    for name in (*others, '.b.txt.99.tmp', '.c.npz.0123456789abcdef.tmp'):
        (tmp_path / name).touch()
    (tmp_path / '.d.npz.9.tmp').symlink_to('a.tmp')
    remove_temporaries(tmp_path, lambda name: name.endswith('.npz'))
    assert {p.name for p in tmp_path.iterdir()} == {*others, '.b.txt.99.tmp', '.d.npz.9.tmp'}


def test_leftovers_are_removed(tmp_path):
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / '.a.npz.77.tmp').touch()
    (tmp_path / 'a.npz').touch()
    remove_temporaries(tmp_path)
    assert [p.name for p in tmp_path.rglob('*') if p.is_file()] == ['a.npz']
