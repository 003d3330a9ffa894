"""The record of a store."""

import json

import pytest

from mmwsss.stores import StoreError, StoreMeta


def test_round_trip(tmp_path):
    meta = StoreMeta('scores', ('cat', 'dog'), 'abc', stride=4, refiners=({'type': 'PAR'},))
    meta.save(tmp_path)
    loaded = StoreMeta.load(tmp_path)
    assert loaded == meta
    assert not loaded.differences(meta)
    other = StoreMeta('scores', ('cat',), 'abc', stride=4)
    assert set(meta.differences(other)) == {'classes', 'refiners'}


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(kind='maps'), "scores, masks, proposals, prompts, found 'maps'"),
        (dict(kind='masks', stride=4), 'stride 4 does not fit a store of masks'),
        (dict(kind='scores', dtype='float64'), "float16, float32, found 'float64'"),
        (dict(kind='masks', classes=['c'] * 255), 'at most 254 classes'),
    ],
)
def test_wrong_values_are_named(arguments, message):
    with pytest.raises(StoreError, match=message):
        StoreMeta(**{'classes': ('a',), 'list_hash': '', **arguments})


def test_what_is_no_store_says_so(tmp_path):
    with pytest.raises(StoreError, match='the folder does not exist'):
        StoreMeta.load(tmp_path / 'nowhere')
    with pytest.raises(StoreError, match='it is no store'):
        StoreMeta.load(tmp_path)
    (tmp_path / 'meta.json').write_text('{')
    with pytest.raises(StoreError, match='cannot be read as JSON'):
        StoreMeta.load(tmp_path)
    (tmp_path / 'meta.json').write_text('[1]')
    with pytest.raises(StoreError, match='it is no store meta'):
        StoreMeta.load(tmp_path)
    content = {'kind': 'masks', 'classes': [], 'list_hash': '', 'schema_version': 9, 'new': 1}
    (tmp_path / 'meta.json').write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"schema version 9 with keys \['new'\]"):
        StoreMeta.load(tmp_path)
