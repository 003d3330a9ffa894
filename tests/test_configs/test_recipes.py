"""What all recipes have in common."""

from pathlib import Path

import pytest

from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.resolving import resolve_config
from mmwsss.recipes.surroundings import environment, resolve_variables

RECIPES = sorted((Path(__file__).parents[2] / 'configs').glob('*/*_recipe.py'))


def left_open(value, key):
    """Keys of weights to start from that a config leaves to the command line."""
    if isinstance(value, dict):
        if value.get('type') == 'Pretrained' and value.get('checkpoint') is None:
            yield f'{key}.checkpoint'
        for name, part in value.items():
            yield from left_open(part, f'{key}.{name}')
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from left_open(part, f'{key}.{number}')


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_networks_get_the_weights_that_they_start_from(path):
    for stage in load_recipe(path).stages:
        if stage.action == 'train':
            given = {*stage.inputs, *stage.cfg_options}
            assert {*left_open(resolve_config(stage, {}).model, 'model')} <= given, stage.name


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_stages_are_of_one_data_set(path, monkeypatch):
    monkeypatch.setenv('DATA', 'no_such')  # the recipe says which, not the environment
    recipe = load_recipe(path)
    needed = {name: 'x' for name, value in recipe.variables.items() if value is None}
    with environment(resolve_variables(recipe, needed)):
        configs = [resolve_config(stage, {}) for stage in recipe.stages]
    loaders = [config.get('test_dataloader') for config in configs]
    found = {loader.dataset.type.split('.')[-1] for loader in loaders if loader}
    assert len(found) == 1, found
