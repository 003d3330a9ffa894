"""State of each stage's result, as the table, the manifest and the report have it."""

import json

import pytest

from mmwsss.recipes.errors import PipelineError


def states(rows):
    return {name: row['state'] for name, row in rows.items()}


def in_manifest(toy):
    manifest = json.loads((toy.work_dir / 'manifest.json').read_text())
    return {stage['name']: stage['state'] for stage in manifest['stages']}


def test_results_of_older_inputs_are_outdated(toy):
    rows, _ = toy.run()
    assert set(states(rows).values()) == {'done'}
    rows, text = toy.run(until_stage='masks', stage_options={'masks.model.value': 2})
    expected = {
        'first': 'done',
        'masks': 'done',
        'second': 'outdated',
        'train': 'outdated',
        'val': 'outdated',
        'nothing': 'done',
    }
    assert states(rows) == in_manifest(toy) == expected
    assert 'outdated: second, train, val (of older config, inputs or code' in text
    rows, _ = toy.run(stage_options={'masks.model.value': 2})
    assert set(states(rows).values()) == {'done'}, 'its second training gives the same again'


def test_while_a_stage_is_not_finished_what_takes_its_output_is_outdated(toy):
    toy.run()
    toy.trouble.write_text('fail')
    toy.edit('train.py', 'width=4', 'width=5')
    with pytest.raises(PipelineError, match='stage first failed'):
        toy.run()
    found = in_manifest(toy)
    assert found == {
        **dict.fromkeys(found, 'outdated'),
        'first': 'unfinished',
        'nothing': 'done',
    }


def test_from_takes_earlier_results_as_they_are(toy):
    toy.run()
    toy.edit('train.py', 'max_epochs=2', 'max_epochs=2, note=1')
    rows, _ = toy.run(from_stage='masks', until_stage='masks')
    assert states(rows) == {
        'first': 'outdated',
        'masks': 'done',
        'second': 'outdated',
        'train': 'outdated',
        'val': 'outdated',
        'nothing': 'done',
    }
    rows, _ = toy.run(dry_run=True)
    assert states(rows)['masks'] == 'outdated'


def test_unknown_corrections_are_outdated(toy):
    toy.run()
    (toy.work_dir / 'masks' / 'masks' / 'corrected.json').write_text('{')
    (toy.work_dir / 'masks' / 'masks' / 'a.png').unlink()
    rows, _ = toy.run(until_stage='first')
    assert states(rows)['masks'] == 'outdated'


def test_a_mistake_in_code_of_others_is_one_line(toy, monkeypatch):
    toy.edit('train.py', 'load_from = None', "custom_imports = dict(imports=['mistyped'])")
    monkeypatch.chdir(toy.root)
    (toy.root / 'mistyped.py').write_text('x = 1\nclass A\n')
    with pytest.raises(PipelineError, match=r"stage first: .*mistyped.py, line 2: expected ':'"):
        toy.run(until_stage='first')
