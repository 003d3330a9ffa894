"""The repository that `mmwsss new` writes works as it is; names that cannot be are refused."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

from mmwsss.apis.new_method import class_name, new_method
from mmwsss.config import read_config
from mmwsss.recipes.reading import load_recipe

TOOL = Path(__file__).parents[2] / 'tools/misc/new_method.py'


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / new_method('edge_cam')


def test_what_is_written(written):
    assert written.name == 'edge-cam'
    files = {str(path.relative_to(written)) for path in written.rglob('*') if path.is_file()}
    assert files == {
        *('pyproject.toml', 'README.md', '.gitignore', 'tests/test_edge_cam.py'),
        *('edge_cam/__init__.py', 'edge_cam/edge_cam.py'),
        *('configs/edge_cam_r18_shapes.py', 'configs/edge_cam_recipe.py'),
    }
    for name in files:
        text = (written / name).read_text()
        assert '$' not in text, f'{name}: a name was not filled in'
        if name.endswith('.py'):
            ast.parse(text)


def test_config_and_recipe_take_the_rest_from_the_package(written):
    cfg = read_config(written / 'configs/edge_cam_r18_shapes.py', import_custom_modules=False)
    assert (cfg.model.type, cfg.model.backbone.type) == ('EdgeCam', 'mmpretrain.ResNet')
    recipe = load_recipe(written / 'configs/edge_cam_recipe.py')
    names = ['cam', 'seeds', 'masks', 'segmentor', 'predictions']
    assert [stage.name for stage in recipe.stages] == names
    assert recipe.stages[2].config.parts[-3:] == ('configs', 'refine', 'par-masks.py')


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('EdgeCAM', "lower-case letters, digits and single underscores, for example 'edge_cam'"),
        ('edge-cam', "for example 'edge_cam'"),
        ('class', "'class' is no name for a Python package"),
        ('3d', "'3d' is no name"),
        ('édge', "'édge' is no name"),
        ('', "'' is no name"),
        ('../cam', "'../cam' is no name"),
        ('s2c', "'s2c' is a method or a part of mmwsss already"),
        ('cam_head', "'cam_head' is a method or a part of mmwsss already"),
        ('clip_es', 'is a method or a part of mmwsss already'),
        ('json', "a package 'json' is installed already"),
    ],
)
def test_names_that_cannot_be(name, message, tmp_path):
    with pytest.raises(ValueError) as caught:
        new_method(name, tmp_path / 'folder')
    assert message in str(caught.value) and '\n' not in str(caught.value)
    assert not (tmp_path / 'folder').exists()


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / 'mine').mkdir()
    with pytest.raises(FileExistsError, match='mine is there already: choose another folder'):
        new_method('edge_cam', tmp_path / 'mine')
    assert not list((tmp_path / 'mine').iterdir())


def test_name_of_the_class():
    assert class_name('edge_cam2_x') == 'EdgeCam2X'


@pytest.mark.slow
def test_its_own_tests_pass(tmp_path, warm_python):
    def call(*command, folder):
        result = subprocess.run(
            [warm_python, *map(str, command)],
            cwd=folder,
            env={**os.environ, 'PYTHONPATH': str(TOOL.parents[2])},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
        return result.stdout

    said = call(TOOL, 'edge_cam', 'my repository', folder=tmp_path)
    assert 'mmwsss run configs/edge_cam_recipe.py' in said
    passed = call('-m', 'pytest', '-p', 'no:cacheprovider', folder=tmp_path / 'my repository')
    assert '4 passed' in passed
