"""Masks that were corrected by hand: recorded, kept, carried over."""

import json

import numpy as np
import pytest

from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store, open_store
from mmwsss.stores.corrections import FILE_NAME, Corrections
from mmwsss.stores.hashing import hash_file

META = StoreMeta('masks', ('cat', 'dog'), 'list')
IDS = ['a', 'deep/b', 'c']
OLD, NEW = np.zeros((2, 3), np.uint8), np.full((2, 3), 2, np.uint8)


@pytest.fixture
def store(tmp_path):
    store = create_store(tmp_path / 'm', META)
    for id in IDS:
        store.write(id, OLD)
    store.correct({'a': NEW, 'deep/b': NEW}, 'coco')
    store.close()
    return store


def test_the_record(store):
    content = json.loads((store.folder / FILE_NAME).read_text())
    assert content['classes'] == ['cat', 'dog'] and sorted(content['entries']) == ['a', 'deep/b']
    entry = content['entries']['deep/b']
    assert entry['hash'] == hash_file(store.path('deep/b')) and entry['format'] == 'coco'
    assert 'a' in store.corrections and 'c' not in store.corrections
    assert list(store) == sorted(IDS) and store.pending(IDS) == []


def test_no_stage_overwrites_them(store):
    with pytest.raises(StoreError, match='corrected by hand and is not overwritten'):
        store.write('a', OLD)
    assert (store['a'] == NEW).all()
    store.correct({'a': OLD}, 'png')
    assert (store['a'] == OLD).all() and store.corrections.read()['a']['format'] == 'png'


@pytest.mark.parametrize('damage', ['missing', 'broken'])
def test_a_lost_correction_is_made_anew(store, damage):
    store.path('a').unlink()
    if damage == 'broken':
        store.path('a').write_bytes(b'no png')
    assert store.pending(IDS) == ['a']
    store.write('a', OLD)
    assert (store['a'] == OLD).all() and list(store.corrections.read()) == ['deep/b']


def test_overwriting_a_store_keeps_them(store):
    again = create_store(store.folder, META, overwrite=True)
    assert again.pending(IDS) == ['c'] and (again['deep/b'] == NEW).all()
    again.close()
    other = StoreMeta('masks', ('cat', 'dog'), 'list', producer={'config': 'other'})
    with pytest.raises(StoreMismatch, match='another run'):
        create_store(store.folder, other)
    create_store(store.folder, other, overwrite=True).close()
    assert sorted(open_store(store.folder)) == ['a', 'deep/b']
    swapped = StoreMeta('masks', ('dog', 'cat'), 'list')
    with pytest.raises(StoreMismatch, match='2 masks in it were corrected by hand for.*cat, dog'):
        create_store(store.folder, swapped, overwrite=True)
    assert (store['a'] == NEW).all()


def test_carried_over_to_a_store_that_is_made_later(store, tmp_path):
    target = tmp_path / 'new'
    assert store.corrections.carry_over(target) == ['a', 'deep/b']
    (target / 'deep/b.png').unlink()  # as if it had been killed
    assert store.corrections.carry_over(target) == ['a', 'deep/b']
    new = create_store(target, StoreMeta('masks', ('cat', 'dog'), 'list', producer={'x': 'y'}))
    assert new.pending(IDS) == ['c'] and (new['deep/b'] == NEW).all()
    assert new.corrections.read() == store.corrections.read()
    new.close()


def test_carrying_over_takes_no_other_files_along(store, tmp_path):
    target = tmp_path / 'new'
    store.corrections.carry_over(target)
    (target / 'thesis.txt').touch()
    with pytest.raises(StoreError, match='holds files but no meta.json'):
        create_store(target, META)
    empty = create_store(tmp_path / 'none', META)
    assert empty.corrections.carry_over(tmp_path / 'nothing') == []
    assert not (tmp_path / 'nothing').exists()


@pytest.mark.parametrize(
    'text', ['{', '[]', '{"schema_version": 2, "classes": [], "entries": {}}', '{"entries": []}']
)
def test_a_broken_record_is_no_empty_one(store, text):
    (store.folder / FILE_NAME).write_text(text)
    with pytest.raises(StoreError, match=FILE_NAME):
        store.write('a', OLD)
    with pytest.raises(StoreError, match=FILE_NAME):
        create_store(store.folder, META, overwrite=True)
    assert (store['a'] == NEW).all()


def test_a_mask_that_is_none_changes_nothing(store):
    with pytest.raises(StoreError, match='values 0..2 and 255'):
        store.correct({'c': NEW, 'a': NEW + 7}, 'coco')
    assert 'c' not in Corrections(store.folder) and (store['c'] == OLD).all()
