"""JSON records are checked before they are used."""

import json

import pytest

from mmwsss.stores.records import RecordError, conforms, read_record


def test_a_record_with_its_types(tmp_path):
    path = tmp_path / 'done.json'
    path.write_text(json.dumps({'a': ['x'], 'b': {'k': 1}, 'more': None}))
    assert read_record(path, {'a': [str]}, b={str: float}, c=int)['more'] is None
    with pytest.raises(RecordError, match=r'done\.json: a must be a list of a whole number'):
        read_record(path, {'a': [int]})
    with pytest.raises(RecordError, match=r'done\.json: d missing, found \[.a'):
        read_record(path, {'d': str})
    with pytest.raises(FileNotFoundError):
        read_record(tmp_path / 'none.json', {})


@pytest.mark.parametrize('text', ['', '{', '[]', 'null', '3', '"a"', '[' * 100_000, '\xff'])
def test_what_is_no_record(tmp_path, text):
    (tmp_path / 'a.json').write_bytes(text.encode('latin1'))
    with pytest.raises(RecordError, match=r'a\.json: '):
        read_record(tmp_path / 'a.json', {})


def test_kinds():
    assert conforms(1, float)
    assert not conforms(True, int)
    assert not conforms(True, float)
    assert conforms(None, (str, None))
    assert not conforms({'a': 1}, {str: str})
    assert not conforms('abc', [str])
    assert conforms(True, object)
