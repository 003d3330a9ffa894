"""What all recipes have in common."""

from pathlib import Path

import pytest

from mmwsss.engine import load_config
from mmwsss.recipes.recipe import load_recipe

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
            assert {*left_open(load_config(stage.config).model, 'model')} <= given, stage.name
