"""``mmwsss export`` and ``mmwsss import-masks``."""

import runpy
import sys

import numpy as np
import pytest

from mmwsss.exchange import EXCHANGE_FORMATS
from mmwsss.installed import find_part
from mmwsss.stores import StoreMeta, create_store, open_store

TOOLS = find_part('tools') / 'dataset_converters'


def call(name, *arguments):
    main = runpy.run_path(str(TOOLS / f'{name}_masks.py'))['main']
    return main([str(argument) for argument in arguments])


@pytest.fixture
def store(tmp_path):
    store = create_store(tmp_path / 'store', StoreMeta('masks', ('cat', 'dog'), 'list'))
    for k, id in enumerate(('a', 'b', 'deep/c')):
        store.write(id, np.full((4, 5), k, np.uint8))
    store.close()
    return store


def test_there_and_back(store, tmp_path, capsys):
    out, list_ = tmp_path / 'out', tmp_path / 'ids.txt'
    list_.write_text('b\ndeep/c\n')
    assert call('export', 'cvat', store.folder, out, '--ids', list_) == 0
    printed = capsys.readouterr().out
    assert '2 masks' in printed and f'mmwsss import-masks cvat {out} {store.folder}' in printed
    (out / 'SegmentationClass/b.png').write_bytes(
        (out / 'SegmentationClass/deep/c.png').read_bytes()
    )
    assert call('import', 'cvat', out, store.folder) == 0
    assert '1 masks corrected, 1 unchanged; 1 are corrected by now' in capsys.readouterr().out
    assert (store['b'] == 2).all()


def test_a_new_store(store, tmp_path, capsys):
    call('export', 'coco', store.folder, tmp_path / 'out')
    (tmp_path / 'classes.txt').write_text('dog\ncat\n')
    new = tmp_path / 'new'
    assert call('import', 'coco', tmp_path / 'out', new, '--classes', tmp_path / 'classes.txt') == 0
    assert '3 masks of 2 classes' in capsys.readouterr().out
    assert (open_store(new)['b'] == 2).all()


def test_errors(store, tmp_path, capsys):
    with pytest.raises(SystemExit, match='no such file or folder'):
        call('import', 'coco', tmp_path / 'nowhere', store.folder)
    with pytest.raises(SystemExit, match='no meta.json'):
        call('import', 'coco', store.folder, tmp_path / 'nowhere')
    with pytest.raises(SystemExit):
        call('export', 'coco', store.folder, tmp_path / 'out', '--copy')
    assert '--copy is for voc' in capsys.readouterr().err
    store.path('b').write_bytes(b'no png')
    assert call('export', 'voc', store.folder, tmp_path / 'out') == 1
    assert 'left out b: ' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['export', 'import'])
def test_help_has_an_example_and_every_format(name, capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [name])
    with pytest.raises(SystemExit):
        call(name, '--help')
    text = capsys.readouterr().out
    assert 'mmwsss ' in text and all(fmt in text for fmt in EXCHANGE_FORMATS)
