"""``tools/misc/weights.py``."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments):
    command = [sys.executable, ROOT / 'tools/misc/weights.py', *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_what_a_recipe_needs(tmp_path):
    result = run('mmwsss::cti/cti_irn_voc_recipe.py', '--root', tmp_path)
    assert result.returncode == 1, result.stderr
    assert (
        f'{tmp_path}/checkpoints/deit_small.pth: to be made: mmwsss convert deit' in result.stdout
    )
    assert 'deit_small_patch16_224-cd65a155.pth: missing' in result.stdout
    assert 'https://download.pytorch.org/models/resnet50-0676ba61.pth' in result.stdout


def test_a_damaged_file(tmp_path):
    (tmp_path / 'checkpoints').mkdir()
    (tmp_path / 'checkpoints/resnet50-0676ba61.pth').write_bytes(b'<html>')
    result = run('configs/cam/cam_r50_voc.py', '--root', tmp_path)
    assert result.returncode == 1
    assert '6 bytes, published are 102530333: get it again' in result.stdout


def test_a_config_that_needs_none(tmp_path):
    result = run('configs/cam/cam_r18_shapes.py', '--root', tmp_path)
    assert result.returncode == 0 and 'no weight file is needed' in result.stdout


def test_no_such_config():
    result = run('mmwsss::cam/none.py')
    assert result.returncode == 1
    assert result.stderr.startswith('error: mmwsss::cam/none.py: no file')
