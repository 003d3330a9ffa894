import os
from pathlib import Path

import pytest

from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.resolving import resolve_config


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
