"""Overwriting takes a store's own files and nothing else."""

import json

import numpy as np
import pytest

from mmwsss.stores import StoreError, StoreMeta, create_store, open_store

META = StoreMeta('masks', ('a',), 'list')
MASK = np.zeros((1, 1), int)


def everything(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None
        for p in folder.rglob('*')
    }


@pytest.fixture
def store(tmp_path):
    store = create_store(tmp_path / 'm', META)
    store.write('x', MASK)
    store.write('deep/er/y', MASK)
    store.close()
    return store


@pytest.mark.parametrize(
    'record',
    [
        {'kind': 'shapes', 'version': 3},
        {'kind': 'masks', 'classes': 'abc', 'list_hash': '', 'schema_version': 1},
        {'kind': 'masks', 'classes': ['a'], 'list_hash': '', 'schema_version': 2},
        [],
        'no json',
    ],
    ids=str,
)
def test_a_folder_with_another_record_is_no_store(tmp_path, record):
    text = record if record == 'no json' else json.dumps(record)
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'meta.json').write_text(text)
    for name in ('photo.png', 'sub/.mine.png.123.tmp', '.x.0123456789abcdef.tmp'):
        (tmp_path / name).write_text('mine')
    before = everything(tmp_path)
    for overwrite in (False, True):
        with pytest.raises(StoreError, match=r'meta\.json'):
            create_store(tmp_path, META, overwrite)
    assert everything(tmp_path) == before


def test_temporary_files_are_safe_where_there_is_no_store(tmp_path):
    for name in ('.a.png.77.tmp', '.meta.json.77.tmp', 'x'):
        (tmp_path / name).touch()
    with pytest.raises(StoreError, match=r'no meta\.json'):
        create_store(tmp_path, META, overwrite=True)
    assert len(everything(tmp_path)) == 3


def test_a_start_that_was_killed_goes_on(tmp_path):
    (tmp_path / 'm').mkdir()
    (tmp_path / 'm/.meta.json.0123456789abcdef.tmp').write_text('{')
    create_store(tmp_path / 'm', META)
    assert list(everything(tmp_path / 'm')) == ['meta.json']


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('notes.txt', b'text'),
        ('deep/notes', b''),
        ('overview.png', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x02\0\0\0'),
        ('empty.png', b''),
        ('.hidden.png', b''),
        ('.swap.tmp', b''),
        ('.x.png.swap.tmp', b''),
        ('deep/meta.json', b'{}'),
        ('scores.npz', b'PK'),
    ],
)
def test_a_foreign_file_is_named_and_nothing_is_lost(store, name, content):
    (store.folder / name).write_bytes(content)
    before = everything(store.folder)
    with pytest.raises(StoreError, match=f'is not overwritten, because 1 of .*{name}'):
        create_store(store.folder, META, overwrite=True)
    assert everything(store.folder) == before


def test_links_are_foreign(store, tmp_path):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos/a.png').write_bytes((store.folder / 'x.png').read_bytes())
    (store.folder / 'linked').symlink_to(tmp_path / 'photos')
    with pytest.raises(StoreError, match='1 of .*: linked'):
        create_store(store.folder, META, overwrite=True)
    (store.folder / 'linked').unlink()
    (store.folder / 'b.png').symlink_to(tmp_path / 'photos/a.png')
    with pytest.raises(StoreError, match=r'1 of .*: b\.png'):
        create_store(store.folder, META, overwrite=True)
    assert (tmp_path / 'photos/a.png').exists()


def test_own_files_go_and_empty_folders_with_them(store):
    (store.folder / '.x.png.0123456789abcdef.tmp').touch()
    (store.folder / 'deep/.y.png.99.tmp').touch()
    (store.folder / 'kept').mkdir()
    other = StoreMeta('masks', ('b',), 'list')
    create_store(store.folder, other, overwrite=True)
    assert set(everything(store.folder)) == {'meta.json', 'kept'}
    assert open_store(store.folder).meta == other


@pytest.mark.parametrize('kind', ['scores', 'prompts', 'proposals'])
def test_a_store_of_another_kind_is_emptied_by_its_own_rules(tmp_path, kind, request):
    from mmwsss.structures import BoxPrompts, Proposals, Seeds

    value = {
        'scores': Seeds(np.zeros(0, int), np.zeros((0, 1, 1))),
        'prompts': BoxPrompts(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), (1, 1)),
        'proposals': Proposals.from_masks(
            np.ones((1, 1, 1), bool), iou=np.ones(1), stability=np.ones(1), level=np.zeros(1)
        ),
    }[kind]
    old = create_store(tmp_path / 'm', StoreMeta(kind, ('a',), 'list'))
    old.write('x', value)
    old.close()
    create_store(tmp_path / 'm', META, overwrite=True)
    assert set(everything(tmp_path / 'm')) == {'meta.json'}


def test_a_linked_store_stays_a_link(store, tmp_path):
    (tmp_path / 'link').symlink_to('m')
    assert list(create_store(tmp_path / 'link', META)) == ['deep/er/y', 'x']
    create_store(tmp_path / 'link', META, overwrite=True).write('z', MASK)
    assert (tmp_path / 'link').is_symlink()
    assert list(store) == ['z']


def test_places_that_can_be_no_store(tmp_path):
    (tmp_path / 'dangling').symlink_to('nowhere')
    with pytest.raises(StoreError, match='is a link to nowhere, which does not exist'):
        create_store(tmp_path / 'dangling', META)
    (tmp_path / 'file').touch()
    with pytest.raises(StoreError, match='is a file'):
        create_store(tmp_path / 'file', META)


def test_entries_do_not_leave_through_links(store, tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    (store.folder / 'out').symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(StoreError, match='out: is a link'):
        open_store(store.folder).write('out/x', MASK)
    assert not any((tmp_path / 'elsewhere').iterdir())


def test_a_kill_while_overwriting_leaves_the_old_record(store, monkeypatch):
    """So that what is left is still of whom it says, and another try ends it."""
    monkeypatch.setattr(StoreMeta, 'save', lambda *_: 1 / 0)
    other = StoreMeta('masks', ('b',), 'list')
    with pytest.raises(ZeroDivisionError):
        create_store(store.folder, other, overwrite=True)
    monkeypatch.undo()
    assert open_store(store.folder).meta == META
    assert not list(open_store(store.folder))
    create_store(store.folder, other, overwrite=True)
