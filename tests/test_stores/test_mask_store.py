"""Mask stores hold palette PNGs that any reader understands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmwsss.stores import StoreError, StoreMeta, create_store
from mmwsss.stores.mask_store import voc_palette


def make(folder):
    return create_store(folder, StoreMeta('masks', ('a', 'b'), ''))


@settings(max_examples=25, deadline=None)
@given(shape=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 99))
def test_round_trip(tmp_path_factory, shape, seed):
    store = make(tmp_path_factory.mktemp('m') / 'store')
    mask = np.random.default_rng(seed).choice([0, 1, 2, 255], shape)
    store.write('a', mask)
    assert (store['a'] == mask).all()
    with Image.open(store.path('a')) as image:
        assert image.mode == 'P'
        assert (np.asarray(image.convert('RGB')) == voc_palette()[mask]).all()


def test_palette_is_the_one_of_voc():
    assert voc_palette()[[1, 2, 15, 255]].tolist() == [
        [128, 0, 0],
        [0, 128, 0],
        [192, 128, 128],
        [224, 224, 192],
    ]


@pytest.mark.parametrize(
    ('mask', 'message'),
    [
        (np.array([[0, 3, 7]]), r'values 0\.\.2 and 255 are expected, found \[3, 7\]'),
        (np.array([[-1]]), r'found \[-1\]'),
        (np.zeros((2, 2)), 'an integer map'),
        (np.zeros((1, 2, 2), int), 'an integer map'),
        (np.zeros((0, 2), int), 'an integer map'),
    ],
)
def test_wrong_masks_are_refused(tmp_path, mask, message):
    with pytest.raises(StoreError, match=message):
        make(tmp_path / 'm').write('x', mask)


def test_foreign_files_are_found(tmp_path):
    store = make(tmp_path / 'm')
    Image.fromarray(np.full((2, 2), 9, np.uint8)).save(store.path('a'))
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(store.path('b'))
    store.path('c').write_bytes(b'no image')
    bad = dict(store.verify())
    assert 'found [9]' in bad['a']
    assert 'found mode RGB' in bad['b']
    assert 'cannot identify' in bad['c']
