"""The wheel in an environment of its own: commands, configs and a recipe from an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.warm import warm_interpreter

ROOT = Path(__file__).parents[1]
SHAPES = dict(
    data_root='shapes', drawing=dict(seed=0, num_train=12, num_val=4, size=64, class_set='main')
)
CAM = f"""
_base_ = ['mmwsss::cam/cam_r18_shapes.py']
data = {SHAPES}
serial = dict(num_workers=0, persistent_workers=False)
batch = dict(published=4)
train_dataloader = dict(dataset=data, **serial)
val_dataloader = dict(dataset=data, **serial)
test_dataloader = dict(dataset=data, **serial)
train_cfg = dict(max_epochs=1)
"""
MASKS = f"""
_base_ = ['mmwsss::refine/threshold.py']
test_dataloader = dict(dataset={SHAPES}, num_workers=0, persistent_workers=False)
"""
RECIPE = """
data = 'shapes'
recipe = [
    dict(name='cam', config='cam.py', action='train'),
    dict(name='seeds', config='cam.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    dict(
        name='masks',
        config='masks.py',
        action='test',
        inputs={'test_dataloader.dataset.pipeline.LoadSeeds.store': 'seeds.scores'},
    ),
]
"""


@pytest.fixture(scope='module')
def environment(tmp_path_factory):
    """Folder of a new environment's programs; packages that the wheel needs are those of this."""
    for module in ('setuptools', 'wheel', 'pip'):
        if find_spec(module) is None:
            pytest.skip(f'a wheel is built with {module}, which is not installed')
    folder = tmp_path_factory.mktemp('wheel')
    pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check']
    build = [*pip, 'wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', str(folder)]
    old = ROOT / 'build' / 'lib' / 'mmwsss' / 'of_an_earlier_build.py'
    old.parent.mkdir(parents=True, exist_ok=True)
    old.touch()
    subprocess.run([*build, str(ROOT)], check=True, cwd=folder)
    (wheel,) = folder.glob('mmwsss-*.whl')
    with zipfile.ZipFile(wheel) as archive:
        assert f'mmwsss/{old.name}' not in archive.namelist()
    target = folder / 'environment'
    venv.create(target)
    (site,) = target.glob('lib/python*/site-packages')
    needed = Path(sysconfig.get_paths()['purelib'])
    (site / '_needed.pth').write_text(f'{needed}\n')
    hack = needed / 'distutils-precedence.pth'  # how setuptools brings distutils to Python 3.12
    if hack.exists():
        shutil.copy(hack, site)
    programs = target / 'bin'
    install = [*pip, '--python', str(programs / 'python'), 'install', '--no-deps', '--no-index']
    subprocess.run([*install, '--ignore-installed', str(wheel)], check=True)
    return programs


@pytest.fixture(scope='module')
def warm(environment):
    """The new environment's interpreter, for commands of many imports."""
    if sys.platform != 'linux':
        yield str(environment / 'python')
        return
    with warm_interpreter(str(environment / 'python'), ours=None) as python:
        yield python


@pytest.fixture
def call(environment, warm, tmp_path):
    """Run the new environment's command in an empty folder, whose name has blanks."""
    folder = tmp_path / 'my own folder'
    folder.mkdir()
    clean = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}

    def run(*arguments, start=(warm, environment / 'mmwsss')):
        command = [*start, *arguments]
        return subprocess.run(command, cwd=run.folder, env=clean, capture_output=True, text=True)

    run.folder = folder
    return run


@pytest.mark.slow
def test_it_is_the_wheel_that_runs(call, environment, warm):
    code = """
import mmwsss, mmwsss.config
print(mmwsss.__file__, mmwsss.config.__file__, sep='\\n')
"""
    for python in (warm, environment / 'python'):
        found = call('-c', code, start=[python]).stdout.splitlines()
        assert [Path(file).is_relative_to(environment.parent) for file in found] == [True, True]
    command = environment / 'mmwsss'
    assert call('--version', start=[command]).stdout.strip() == call('--version').stdout.strip()


@pytest.mark.slow
def test_configs_by_name(call, environment):
    code = (
        'import mmwsss\n'
        'from mmengine.hub import get_config\n'
        "print(get_config('mmwsss::cam/cam_r38_voc.py').model.type)"
    )
    result = call('-W', 'ignore', '-c', code, start=[environment / 'python'])
    assert result.stdout.strip() == 'CAMGenerator', result.stderr


@pytest.mark.slow
def test_a_recipe_on_our_configs(call):
    for name, text in (('cam', CAM), ('masks', MASKS), ('recipe', RECIPE)):
        (call.folder / f'{name}.py').write_text(text)
    result = call('run', 'recipe.py', '--work-dir', 'out')
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    metrics = json.loads((call.folder / 'out/masks/metrics.json').read_text())
    assert any('mIoU' in name for name in metrics.get('metrics', metrics))
    assert len(list((call.folder / 'out/masks/masks').glob('*.png'))) == 12


@pytest.mark.slow
def test_our_recipes_by_name(call):
    result = call('run', 'mmwsss::demo/demo_recipe.py', '--dry-run')
    assert '8 of 8 stages will run' in result.stdout, result.stdout + result.stderr


@pytest.mark.slow
def test_a_new_repository_on_our_configs(call):
    assert call('new', 'edge_cam', '.').returncode == 1
    result = call('new', 'edge_cam', 'mine')
    assert result.returncode == 0, result.stderr
    call.folder /= 'mine'
    result = call('run', 'configs/edge_cam_recipe.py', '--dry-run')
    assert '5 of 5 stages will run' in result.stdout, result.stdout + result.stderr
