import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.stores import StoreMeta, create_store

ROOT = Path(__file__).parents[2]


def run(tool, *arguments, python=sys.executable):
    command = [python, ROOT / 'tools' / tool, *map(str, arguments)]
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_pipeline_says_what_is_wrong(tmp_path):
    found = run('pipeline.py', tmp_path / 'none_recipe.py')
    assert found.returncode == 1 and 'none_recipe.py: the recipe does not exist' in found.stderr
    assert 'Traceback' not in found.stderr
    found = run('pipeline.py', 'a.py', '--set', 'NAME')
    assert found.returncode == 2 and '--set takes NAME=VALUE, found NAME' in found.stderr


@pytest.mark.slow
def test_pipeline_plans(tmp_path, warm_python):
    recipe = ROOT / 'configs' / 'demo' / 'demo_recipe.py'
    found = run(
        *('pipeline.py', recipe, '--dry-run', '--until', 'seeds_val', '--seed', 3),
        *('--set', 'SHAPES_ROOT=elsewhere', '--work-dir', tmp_path / 'w', '--nproc', 2),
        '--trust-checkpoint',
        python=warm_python,
    )
    assert found.returncode == 0, found.stderr
    assert '3 of 8 stages will run' in found.stdout
    assert 'randomness.seed=3' in found.stdout and '--nproc_per_node=2' in found.stdout
    assert found.stdout.count('--trust-checkpoint') == 3


@pytest.mark.slow
def test_make_report(tmp_path, tiny_shapes, warm_python):
    dataset = build_bare_dataset({**tiny_shapes, 'split': 'val'})
    meta = StoreMeta('masks', dataset.metainfo['classes'][1:], dataset.list_hash)
    store = create_store(tmp_path / 'masks', meta)
    for index, id in enumerate(dataset.ids):
        with Image.open(dataset.get_data_info(index)['img_path']) as image:
            store.write(id, np.zeros(image.size[::-1], np.uint8))
    values = {'data_root': tiny_shapes['data_root']}
    values |= {f'drawing.{key}': value for key, value in tiny_shapes['drawing'].items()}
    config = ROOT / 'configs' / 'cam' / 'cam_r18_shapes.py'
    arguments = [config, tmp_path / 'a.html', '--masks', store.folder, '--limit', 2]
    arguments += ['--cfg-options', *(f'test_dataloader.dataset.{k}={v}' for k, v in values.items())]
    found = run('analysis_tools/make_report.py', *arguments, python=warm_python)
    assert found.returncode == 1 and 'holds none of the 12 images' in found.stderr
    arguments.append('test_dataloader.dataset.split=val')
    found = run('analysis_tools/make_report.py', *arguments, python=warm_python)
    assert found.returncode == 0, found.stderr
    assert '2 of 6 images' in (tmp_path / 'a.html').read_text()
