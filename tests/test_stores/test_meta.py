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
        (
            dict(kind='masks', classes=('background', 'a')),
            'the foreground names alone, found backgr',
        ),
        (dict(kind='scores', classes=['background']), r'metainfo\["classes"\]\[1:\] of a data set'),
        (dict(kind='masks', classes='abc'), "classes must be a list of text, found 'abc'"),
        (dict(kind='masks', classes=[1]), r'classes must be a list of text, found \[1\]'),
        (dict(kind=3), 'kind must be text, found 3'),
        (dict(kind='scores', stride=2.0), 'stride must be a whole number'),
        (dict(kind='scores', stride=True), 'stride must be a whole number'),
        (dict(kind='masks', producer='x'), "producer must be an object of text, found 'x'"),
        (dict(kind='masks', parents={'a': 1}), 'parents must be a list of an object'),
        (dict(kind='masks', protocol=[1]), 'protocol must be an object'),
        (dict(kind='masks', threshold_tuned_on_masks=0), 'must be true or false'),
        (dict(kind='masks', list_hash=None), 'list_hash must be text'),
    ],
)
def test_wrong_values_are_named(arguments, message):
    with pytest.raises(StoreError, match=message):
        StoreMeta(**{'classes': ('a',), 'list_hash': '', **arguments})


@pytest.mark.parametrize('key', ['kind', 'classes', 'list_hash', 'stride', 'producer', 'protocol'])
@pytest.mark.parametrize('value', ['abc', 7, None, [1], {'a': [{}]}])
def test_a_record_of_other_types_is_refused_with_its_file(tmp_path, key, value):
    StoreMeta('masks', ('a',), 'abc').save(tmp_path)
    content = json.loads((tmp_path / 'meta.json').read_text())
    (tmp_path / 'meta.json').write_text(json.dumps({**content, key: value}))
    if (key, value) in [('list_hash', 'abc'), ('protocol', {'a': [{}]})]:
        StoreMeta.load(tmp_path)
        return
    with pytest.raises(StoreError, match=rf'meta\.json: .*{key}|meta\.json: stride 7'):
        StoreMeta.load(tmp_path)


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
