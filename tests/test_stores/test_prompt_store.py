import numpy as np
import pytest

from mmwsss.stores import PromptStore, StoreError, StoreMeta, create_store, open_store
from mmwsss.structures import BoxPrompts
from tests.test_structures.test_box_prompts import some


@pytest.fixture
def store(tmp_path):
    return create_store(tmp_path / 's', StoreMeta('prompts', ('a', 'b'), 'hash'))


def test_round_trip(store):
    store.write('x/1', some())
    store.write('nothing', BoxPrompts.empty((5, 6)))
    again = open_store(store.folder, 'prompts')
    assert isinstance(again, PromptStore) and again.meta.dtype == 'float32'
    found = again['x/1']
    for name in ('boxes', 'scores', 'classes'):
        np.testing.assert_array_equal(getattr(found, name), getattr(some(), name))
    assert found.size == (40, 60)
    assert len(again['nothing']) == 0 and again['nothing'].size == (5, 6)
    assert not again.verify()


def test_prompts_missing_for_an_image(store):
    with pytest.raises(StoreError, match=r"no prompts for image 'y' .* Run the stage that makes"):
        store['y']


def test_wrong_classes_and_types(store):
    with pytest.raises(StoreError, match=r"'x': class id 2 found, the store has ids 0..1"):
        store.write('x', some(4))
    with pytest.raises(StoreError, match='BoxPrompts expected, found list'):
        store.write('x', [])
    with pytest.raises(StoreError, match='a store of masks is needed, this one holds prompts'):
        open_store(store.folder, 'masks')


def test_broken_file(store):
    store.write('x', some())
    store.path('x').write_bytes(store.path('x').read_bytes()[:100])
    assert store.pending(['x', 'y']) == ['x', 'y']
