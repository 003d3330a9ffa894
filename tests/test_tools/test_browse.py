"""``mmwsss browse``."""

import runpy
import sys

import numpy as np
import pytest
from PIL import Image

from mmwsss.installed import find_part
from mmwsss.stores import StoreMeta, create_store
from tests.conftest import photo

TOOL = find_part('tools') / 'analysis_tools' / 'browse.py'


@pytest.fixture
def call(tmp_path, monkeypatch):
    (tmp_path / 'photos').mkdir()
    Image.fromarray(photo(20, 30, 0)).save(tmp_path / 'photos' / 'a.png')
    for name in ('one', 'two'):
        store = create_store(tmp_path / name, StoreMeta('masks', ('cat',), 'x'))
        store.write('a', np.ones((20, 30), np.uint8))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *arguments])
        runpy.run_path(str(TOOL), run_name='__main__')

    return run


@pytest.mark.parametrize(
    'arguments',
    [
        ('one', '--images', 'photos', 'out.html'),
        ('one', 'two', '--images', 'photos', 'out.html'),
        ('one', 'two', 'out.html', '--images', 'photos', '--title', 'Mine & yours'),
    ],
)
def test_page_is_written_and_its_size_told(call, tmp_path, capsys, arguments):
    call(*arguments)
    assert capsys.readouterr().out.startswith('out.html (0.')
    text = (tmp_path / 'out.html').read_text()
    assert ('two' in arguments) == ('<code>two</code>' in text)
    assert 'Mine &amp; yours' in text or '--title' not in arguments


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('one', '--images', 'photos'), 'give one or two stores'),
        (('out.html', '--images', 'photos'), 'give one or two stores'),
        (('one', 'two', 'one', 'out.html', '--images', 'photos'), 'give one or two stores'),
        (('one', 'out.html'), 'required: --images'),
        (('none', 'out.html', '--images', 'photos'), 'error: none: no meta.json found'),
        (('one', 'out.html', '--images', 'photos', '--limit', '0'), 'limit must be at least 1'),
    ],
)
def test_mistakes_are_told_and_write_nothing(call, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        call(*arguments)
    assert message in f'{stop.value.code} {capsys.readouterr().err}'
    assert not (tmp_path / 'out.html').exists()
