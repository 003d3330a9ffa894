"""What all stores do: ids, listing, the consumer's check."""

import numpy as np
import pytest

from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store
from mmwsss.stores.hashing import hash_list


@pytest.fixture
def store(tmp_path):
    store = create_store(tmp_path / 'm', StoreMeta('masks', ('a', 'b'), hash_list(['x', 'y/z'])))
    for id in ('y/z', 'x'):
        store.write(id, np.zeros((2, 2), int))
    return store


def test_listing_is_sorted_and_leaves_temporaries_out(store):
    (store.folder / '.x.png.9.tmp').touch()
    (store.folder / '.hidden.png').touch()
    assert list(store) == ['x', 'y/z']
    assert len(store) == 2
    assert 'y/z' in store
    assert 'z' not in store


@pytest.mark.parametrize('id', ['', '/etc/x', '../x', 'a/../../x', 'a\\b'])
def test_an_id_cannot_leave_the_folder(store, id):
    with pytest.raises(StoreError, match='is no image id'):
        store.path(id)


def test_a_consumer_that_differs_is_refused_with_both_values(store):
    store.require(classes=('a', 'b'), ids=['x'])
    with pytest.raises(StoreMismatch, match=r'2 classes \(a, b\).*3 classes \(a, b, c\)'):
        store.require(classes=('a', 'b', 'c'))
    with pytest.raises(StoreMismatch, match='2 of the 3 images asked for are not in it, e.g. q, r'):
        store.require(ids=['q', 'x', 'r'])
