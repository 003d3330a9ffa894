"""The recipes that come with the project can be planned."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from mmwsss.apis import run_pipeline
from mmwsss.recipes.checks import _problems_of_classes
from mmwsss.recipes.code import ReachableCode
from mmwsss.recipes.reading import load_recipe

RECIPES = sorted((Path(__file__).parents[2] / 'configs').glob('*/*_recipe.py'))


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_recipe_can_be_planned(path, tmp_path, monkeypatch):
    def look_at_classes(planner, stages, work_dir):
        code = ReachableCode()
        for stage in stages:
            assert not list(_problems_of_classes(planner, stage, stages, code))
        return []

    monkeypatch.setattr('mmwsss.recipes.pipeline.find_needs', look_at_classes)
    recipe = load_recipe(path)
    needed = {name: str(tmp_path) for name, value in recipe.variables.items() if value is None}
    text = io.StringIO()
    rows = run_pipeline(
        path,
        work_dir=tmp_path / 'w',
        variables=needed,
        dry_run=True,
        console=Console(file=text, width=140),
    )
    assert f'{len(rows)} of {len(rows)} stages will run' in text.getvalue()
    assert not (tmp_path / 'w').exists()
    assert not set(recipe.variables) & set(os.environ), 'variables do not stay behind'
