"""Score stores round-trip and refuse what is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.stores import StoreError, StoreMeta, create_store
from mmwsss.structures import Seeds


def make(folder, **changes):
    meta = StoreMeta(**{'kind': 'scores', 'classes': ('a', 'b', 'c'), 'list_hash': '', **changes})
    return create_store(folder, meta)


@settings(max_examples=25, deadline=None)
@given(
    stride=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from(['float16', 'float32']),
    size=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    classes=st.sets(st.integers(0, 2)),
    background=st.booleans(),
)
def test_round_trip(tmp_path_factory, stride, dtype, size, classes, background):
    store = make(tmp_path_factory.mktemp('s') / 'store', stride=stride, dtype=dtype)
    rng = np.random.default_rng(0)
    maps = rng.random((len(classes), *size)), rng.random(size) if background else None
    seeds = Seeds(sorted(classes), *maps)
    store.write('x/y', seeds)
    found = store['x/y']
    grid = tuple(-(-side // stride) for side in size)
    assert found.size == size
    assert found.classes.tolist() == sorted(classes)
    np.testing.assert_allclose(found.scores, seeds.resize(grid).scores, atol=5e-4)
    assert (found.background is None) is (seeds.background is None)
    if background:
        np.testing.assert_allclose(found.background, seeds.resize(grid).background, atol=5e-4)
    assert list(store) == ['x/y']
    assert store.verify() == []


def test_equal_seeds_give_equal_bytes(tmp_path):
    store = make(tmp_path / 's')
    seeds = Seeds([1], np.random.rand(1, 8, 8))
    store.write('a', seeds)
    store.write('b', seeds)
    assert store.path('a').read_bytes() == store.path('b').read_bytes()


def test_wrong_entries_are_refused_and_named(tmp_path):
    store = make(tmp_path / 's')
    with pytest.raises(StoreError, match=r"entry 'q': class id 3 found, the store has ids 0\.\.2"):
        store.write('q', Seeds([3], np.zeros((1, 4, 4))))
    with pytest.raises(StoreError, match='Seeds expected, found ndarray'):
        store.write('q', np.zeros(3))
    assert not list(store)


def test_broken_files_are_found_and_redone(tmp_path):
    store = make(tmp_path / 's', stride=1)
    for id in 'abcde':
        store.write(id, Seeds([0], np.zeros((1, 4, 4))))
    data = store.path('a').read_bytes()
    store.path('a').write_bytes(data[: len(data) // 2])
    store.path('b').write_bytes(b'')
    np.savez(store.path('c'), other=np.zeros(3))
    np.savez(store.path('d'), classes=[0], scores=np.zeros((1, 2, 2), 'f'), size=[4, 4])
    bad = dict(store.verify('abcdef'))
    assert set(bad) == set('abcdf')
    assert 'damaged' in bad['a'] or 'EOF' in bad['a']
    assert "found ['other']" in bad['c']
    assert 'maps of (4, 4) expected' in bad['d']
    assert bad['f'] == 'missing'
    assert store.pending('fedcba') == list('fdcba')
    with pytest.raises(StoreError, match="entry 'c' is broken"):
        store['c']
    with pytest.raises(StoreError, match="no scores for image 'f'"):
        store['f']


def test_a_pickled_file_is_never_unpickled(tmp_path):
    store = make(tmp_path / 's')
    np.savez(store.path('a'), classes=[0], scores=np.array([{}], object), size=[1, 1])
    assert 'allow_pickle=False' in dict(store.verify())['a']
