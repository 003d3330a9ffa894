import os
import re
from pathlib import Path

import pytest

from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.resolving import resolve_config

ROOT = Path(__file__).parents[2]


def test_data_of_the_stage_goes_before_the_environment(tmp_path, monkeypatch):
    for name in ('voc', 'coco'):
        (tmp_path / f'{name}.py').write_text(f"root = '{name}'\n")
    config = tmp_path / 'any.py'
    config.write_text("_base_ = './{{$DATA:voc}}.py'\n")
    monkeypatch.delenv('DATA', raising=False)
    assert resolve_config(Stage('a', config, 'test'), {}).root == 'voc'
    monkeypatch.setenv('DATA', 'coco')
    assert resolve_config(Stage('a', config, 'test'), {}).root == 'coco'
    assert resolve_config(Stage('a', config, 'test', data='voc'), {}).root == 'voc'
    assert os.environ['DATA'] == 'coco'
    with pytest.raises(RecipeError, match=r'stage a: .*no_such\.py'):
        resolve_config(Stage('a', Path(config), 'test', data='no_such'), {})


@pytest.mark.parametrize('folder', ['configs', 'configs/leaf'])
def test_a_data_set_of_ones_own_repository(tmp_path, monkeypatch, folder):
    """That of docs/add_a_method.md, for a stage whose config is the package's."""
    page = (ROOT / 'docs/add_a_method.md').read_text()
    (code,) = [c for c in re.findall(r'```python\n(.*?)```', page, re.S) if 'LEAVES_ROOT' in c]
    datasets = tmp_path / 'configs/_base_/datasets'
    datasets.mkdir(parents=True)
    (datasets / 'leaves.py').write_text(code)
    recipe = tmp_path / folder / 'leaf_recipe.py'
    recipe.parent.mkdir(exist_ok=True)
    text = "recipe = dict(masks=dict(config='mmwsss::refine/par-masks.py', action='test'))\n"
    recipe.write_text(text + "data = 'leaves'\n")
    monkeypatch.setenv('LEAVES_ROOT', 'there')
    dataset = resolve_config(load_recipe(recipe).stage('masks'), {}).test_dataloader.dataset
    assert (dataset.type, dataset.data_root) == ('TaggedFolder', 'there')
    assert dataset.classes == ['healthy', 'rust'] and 'LoadSeeds' in str(dataset.pipeline)
    recipe.write_text(text + "data = 'leafs'\n")
    with pytest.raises(RecipeError) as caught:
        resolve_config(load_recipe(recipe).stage('masks'), {})
    said = str(caught.value)
    assert 'stage masks: ' in said and '\n' not in said
    assert f'leafs.py is not in {ROOT / "configs/_base_/datasets"}, {recipe.parent}' in said
    assert "did you mean 'leaves'?" in said and 'voc' in said
