import argparse

import pytest

from mmwsss.config.key_value import KeyValue


def read(*texts):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue)
    return parser.parse_args(['--cfg-options', *texts]).cfg_options


@pytest.mark.parametrize(
    'name', ['my results', 'results, 2', "a, b [1] it's (new)", 'odd] name', 'a,b', 'plain']
)
def test_a_path_that_exists_stays_whole(name, tmp_path, monkeypatch):
    (tmp_path / name / 'x').mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for path in (name, f'{name}/x', str(tmp_path / name)):
        assert read(f'store={path}') == {'store': path}


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('new folder/x', 'new folder/x'),
        ('"a phrase of words"', 'a phrase of words'),
        (' 8', 8),
        ('1, 2', [1, 2]),
        ('[(a, b), (c, d)]', [('a', 'b'), ('c', 'd')]),
        (
            "[{'type': 'A', 'x': (1, 2.0)}, {'type': 'B'}]",
            [{'type': 'A', 'x': (1, 2.0)}, {'type': 'B'}],
        ),
        ('None', None),
        ('1e-3', 1e-3),
        ('a' * 5000 + ',b', ['a' * 5000, 'b']),
    ],
)
def test_other_values_are_read_as_mmengine_does(text, value, tmp_path, monkeypatch):
    (tmp_path / '8').mkdir()
    monkeypatch.chdir(tmp_path)
    assert read(f'key={text}', 'other=8') == {'key': value, 'other': 8}


def test_brackets_that_do_not_close(capsys):
    with pytest.raises(SystemExit):
        read('key=[1, 2')
    assert 'key: brackets do not close' in capsys.readouterr().err


@pytest.mark.parametrize(
    'value', ["[dict(type='A')]", "dict(type='A')", '[{type: A}]', '{type: A}']
)
def test_dicts_that_python_would_not_write_so(value, capsys):
    with pytest.raises(SystemExit):
        read(f'key={value}')
    assert 'is no dict as Python writes it' in capsys.readouterr().err
