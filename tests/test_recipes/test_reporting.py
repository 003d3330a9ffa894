"""``report.html`` shows what the table shows, or is not there."""

import json
import sys

import pytest

from mmwsss.recipes.errors import PipelineError


@pytest.fixture
def reported(toy, monkeypatch):
    """The toy with a report that lists the states of the stages."""
    with open(toy.recipe, 'a') as file:
        file.write("report = dict(masks='masks.masks')\n")
    toy.report = toy.work_dir / 'report.html'
    toy.problem = None

    def make_report(path, *, stages, **options):
        if toy.problem:
            raise ValueError(toy.problem)
        path.write_text(json.dumps({row['stage']: row['state'] for row in stages}))

    monkeypatch.setattr('mmwsss.visualization.report.make_report', make_report)
    monkeypatch.setattr('mmwsss.datasets.bare.build_bare_dataset', lambda dataset: None)
    return toy


def test_it_is_made_again_where_something_changed(reported):
    _, text = reported.run()
    assert f'report: {reported.report}' in text
    _, text = reported.run()
    assert 'report: ' not in text
    reported.run(until_stage='masks', stage_options={'masks.model.value': 2})
    assert json.loads(reported.report.read_text())['val'] == 'outdated'
    _, text = reported.run(until_stage='masks', stage_options={'masks.model.value': 2})
    assert 'report: ' not in text
    reported.report.unlink()
    _, text = reported.run(until_stage='masks', stage_options={'masks.model.value': 2})
    assert 'report: ' in text
    reported.edit('toy_recipe.py', "masks='masks.masks'", "masks='masks.masks', limit=3")
    _, text = reported.run(until_stage='masks', stage_options={'masks.model.value': 2})
    assert 'report: ' in text, 'its options count too'


def test_what_is_outdated_is_not_shown(reported, monkeypatch):
    """It may be of other classes than the rest."""
    shown = []
    monkeypatch.setattr(
        'mmwsss.visualization.report.make_report',
        lambda path, *, masks, predictions, **options: shown.append((masks, predictions)),
    )
    reported.edit('train.py', 'width=4', 'width=4, value=1')
    reported.edit('train.py', 'test_cfg = dict()', "test_cfg = dict(kind='masks')")
    reported.edit(
        'toy_recipe.py', "masks='masks.masks'", "masks='masks.masks', predictions='val.masks'"
    )
    reported.run()
    reported.run(until_stage='masks', stage_options={'masks.model.value': 2})
    masks, val = (reported.work_dir / name / 'masks' for name in ('masks', 'val'))
    assert shown == [(masks, val), (masks, None)]


def test_one_that_failed_is_tried_again_and_leaves_no_older_one(reported):
    reported.run()
    reported.edit('masks.py', 'value=1', 'value=2')
    reported.problem = 'no space for pictures'
    for _ in range(2):
        with pytest.raises(PipelineError, match='report could not be made: no space for pictures'):
            reported.run()
        assert not reported.report.exists()
    reported.problem = None
    _, text = reported.run()
    assert 'report: ' in text and reported.report.exists()


def test_a_run_that_ended_in_a_later_stage_is_reported_by_the_next(reported):
    """Although the next one runs nothing."""
    reported.run(until_stage='masks')
    before = reported.report.read_text()
    reported.trouble.write_text('fail')
    with pytest.raises(PipelineError, match='stage second failed'):
        reported.run(stage_options={'masks.model.value': 2})
    assert reported.report.read_text() == before
    reported.run(until_stage='masks', stage_options={'masks.model.value': 2})
    assert json.loads(reported.report.read_text())['second'] == 'unfinished'


def test_modules_of_the_current_folder_are_found(reported, monkeypatch):
    """Those of a repository that is not installed."""
    custom = "custom_imports = dict(imports=['part_of_report'])"
    reported.edit('masks.py', 'test_cfg =', f'{custom}\ntest_cfg =')
    (reported.root / 'part_of_report.py').write_text('')
    monkeypatch.chdir(reported.root)
    monkeypatch.setattr(sys, 'path', [folder for folder in sys.path if folder])
    _, text = reported.run()
    assert 'report: ' in text and 'part_of_report' in sys.modules
