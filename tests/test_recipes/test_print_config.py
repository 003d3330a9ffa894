"""``tools/misc/print_config.py``: what a config becomes."""

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(monkeypatch, *arguments):
    script = str(ROOT / 'tools/misc/print_config.py')
    monkeypatch.setattr(sys, 'argv', [script, *map(str, arguments)])
    runpy.run_path(script, run_name='__main__')


def test_prints_a_config_that_can_be_read(monkeypatch, capsys):
    config = ROOT / 'configs/cam/cam_r18_shapes.py'
    run(monkeypatch, config, '--cfg-options', 'train_cfg.max_epochs=3')
    found = {}
    exec(capsys.readouterr().out, found)
    assert found['train_cfg']['max_epochs'] == 3 and found['model']['type'] == 'CAMGenerator'


def test_prints_the_config_of_a_stage(monkeypatch, capsys):
    recipe = ROOT / 'configs/demo/demo_recipe.py'
    run(monkeypatch, recipe, '--stage', 'masks_val')
    text = capsys.readouterr().out
    assert "'store': 'seeds_val.scores'" in text and "'split': 'val'" in text
    for arguments, said in (
        ((recipe, '--stage', 'mask_val'), "no stage 'mask_val', did you mean 'masks_val'"),
        (('none.py',), 'config none.py does not exist'),
        ((ROOT / 'configs/cam/cam_r18_shapes.py', '--cfg-options', 'modle.x=3'), "mean 'model"),
    ):
        with pytest.raises(SystemExit):
            run(monkeypatch, *arguments)
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and lines[0].startswith('error: ') and said in lines[0]


def test_its_modules_are_not_imported(monkeypatch, capsys, tmp_path):
    """A config of one's own is printed from any folder."""
    (tmp_path / 'own.py').write_text("custom_imports = dict(imports=['not_in_this_folder'])\n")
    run(monkeypatch, tmp_path / 'own.py')
    assert 'not_in_this_folder' in capsys.readouterr().out
