"""Notebooks of the documentation: their code, cell by cell in one namespace, and their form."""

import json
from pathlib import Path

import pytest

from mmwsss.stores import open_store

TUTORIALS = sorted((Path(__file__).parents[2] / 'docs/tutorials').glob('*.ipynb'))


def cells(path, kind):
    content = json.loads(path.read_text(encoding='utf-8'))
    return [''.join(cell['source']) for cell in content['cells'] if cell['cell_type'] == kind]


@pytest.mark.parametrize('path', TUTORIALS, ids=lambda path: path.stem)
def test_is_kept_without_outputs_and_begins_with_a_title(path):
    content = json.loads(path.read_text(encoding='utf-8'))
    code = [cell for cell in content['cells'] if cell['cell_type'] == 'code']
    assert code and not any(cell['outputs'] or cell['execution_count'] for cell in code)
    assert cells(path, 'markdown')[0].startswith('# ')


def run(path, folder, monkeypatch, shorter=()):
    """Run all code in a folder; returns the namespace.

    ``shorter``: pairs of text of one of the cells, which must be there, and what to run instead.
    """
    monkeypatch.chdir(folder)
    names = {'__name__': '__main__'}
    codes = cells(path, 'code')
    for text, _ in shorter:
        assert sum(text in code for code in codes) == 1, f'{path.name} has changed: {text}'
    for number, code in enumerate(codes):
        for text, instead in shorter:
            code = code.replace(text, instead)
        exec(compile(code, f'{path.name}[{number}]', 'exec'), names)
    return names


@pytest.mark.slow
def test_the_whole_day(tmp_path, monkeypatch, capsys, warm_stages):
    (path,) = [path for path in TUTORIALS if path.stem == 'whole_day']
    # The segmentor is trained twice; nothing below depends on how well.
    shorter = [('max_epochs=8, val_interval=8', 'max_epochs=1, val_interval=1')]
    names = run(path, tmp_path, monkeypatch, shorter)
    text = capsys.readouterr().out
    store = open_store(tmp_path / 'day/run/masks/masks', 'masks')
    assert sorted(store.corrections.read()) == names['ids'] and len(names['ids']) == 3
    assert 'segmentor is redone: inputs changed (masks.masks)' in text
    assert len(list((tmp_path / 'day/out/masks').iterdir())) == 12
    # A short training has learned something: half of the classes' pixels and more would be 50.
    assert names['rows'][1]['seed'] > 20
