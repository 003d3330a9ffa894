"""Opening, continuing and refusing stores."""

import numpy as np
import pytest

from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store, open_store

META = StoreMeta('masks', ('a',), 'list', producer={'config': 'c1'})


def test_an_unfinished_store_continues(tmp_path):
    store = create_store(tmp_path / 'm', META)
    store.write('x', np.zeros((1, 1), int))
    (tmp_path / 'm' / '.y.png.123.tmp').touch()
    assert list(create_store(tmp_path / 'm', META)) == ['x']
    assert {p.name for p in (tmp_path / 'm').iterdir()} == {'meta.json', 'x.png'}
    assert open_store(tmp_path / 'm', 'masks').meta == META


def test_another_producer_is_refused_with_both_named(tmp_path):
    create_store(tmp_path / 'm', META).write('x', np.zeros((1, 1), int))
    other = StoreMeta('masks', ('a',), 'list', producer={'config': 'c2'})
    with pytest.raises(StoreMismatch, match=r"'c1'.*'c2'(.|\n)*--overwrite"):
        create_store(tmp_path / 'm', other)
    assert not list(create_store(tmp_path / 'm', other, overwrite=True))
    assert open_store(tmp_path / 'm').meta == other
    assert [p.name for p in tmp_path.iterdir()] == ['m']


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(StoreError, match=r'no meta\.json, so it is no store'):
        create_store(tmp_path, META, overwrite=True)
    assert (tmp_path / 'photo.jpg').exists()


def test_another_kind_is_refused(tmp_path):
    create_store(tmp_path / 'm', META)
    with pytest.raises(StoreError, match='a store of scores is needed, this one holds masks'):
        open_store(tmp_path / 'm', 'scores')
