"""Recipes: lists of stages from tags to a trained segmentor, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from mmwsss.config.keys import suggest
from mmwsss.recipes.errors import RecipeError

ACTIONS = ('train', 'test')
OUTPUTS = {'train': ('checkpoint',), 'test': ('scores', 'masks', 'proposals', 'prompts')}
REPORT_PARTS = ('scores', 'masks', 'predictions')


class Reference(NamedTuple):
    """An output of a stage, in recipes written as ``'stage.output'``."""

    stage: str
    output: str

    @classmethod
    def parse(cls, text: Any) -> 'Reference':
        """Read ``'stage.output'``.

        Raises:
            RecipeError: It is something else.
        """
        if isinstance(text, str):
            stage, _, output = text.rpartition('.')
            if stage and output:
                return cls(stage, output)
        raise RecipeError(f"expected 'stage.output', found {text!r}")

    def __str__(self) -> str:
        return f'{self.stage}.{self.output}'


@dataclass(frozen=True)
class Stage:
    """One config run by ``tools/train.py`` or ``tools/test.py``.

    Args:
        name: Name of the stage and of its folder.
        config: Path of its config.
        action: 'train' or 'test'.
        inputs: Config keys that take an output of an earlier stage, in a recipe e.g.
            ``{'load_from': 'cam.checkpoint'}``.
        cfg_options: Further config keys and their values.
        list_name: Name of the image list in tables; read from the config if empty.
        is_baseline: Whether it only adds a row to compare with.
        data: Data set of configs that take any: what ``DATA`` is while its config is read. Left to
            the environment if empty.
        folder: Folder of the recipe, whose ``_base_/datasets`` may hold data sets of one's own.
    """

    name: str
    config: Path
    action: str
    inputs: Mapping[str, Reference] = field(default_factory=dict)
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    list_name: str = ''
    is_baseline: bool = False
    data: str = ''
    folder: Path | None = None

    def parents(self) -> list[str]:
        """Names of the stages whose outputs it takes."""
        return list(dict.fromkeys(reference.stage for reference in self.inputs.values()))


@dataclass(frozen=True)
class Recipe:
    """A parsed recipe; see :func:`~mmwsss.recipes.reading.load_recipe`."""

    path: Path
    stages: tuple[Stage, ...]
    variables: Mapping[str, str | None]
    report: Mapping[str, Any] | None = None
    photos: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """File name of the recipe without suffix."""
        return self.path.stem

    def with_options(self, options: Mapping[str, Any]) -> 'Recipe':
        """The same recipe with other values in configs of its stages.

        Args:
            options: Values by ``STAGE.key``.

        Raises:
            RecipeError: There is no such stage, or the key is one of its inputs.
        """
        stages = {stage.name: stage for stage in self.stages}
        for name, value in options.items():
            stage_name, _, key = name.partition('.')
            stage = stages.get(stage_name)
            if stage is None:
                hint = suggest(stage_name, stages)
                raise RecipeError(
                    f'stage option {name!r}: there is no stage {stage_name!r}{hint}. Options of '
                    f'recipes begin with one of {", ".join(stages)}, as in {next(iter(stages))}.KEY'
                )
            if not key or key in stage.inputs:
                what = f'{key} is an input of it' if key else 'a key is missing'
                raise RecipeError(f'stage option {name!r}: expected STAGE.key=value, {what}')
            changed = {**stage.cfg_options, key: value}
            stages[stage_name] = replace(stage, cfg_options=changed)
        return replace(self, stages=tuple(stages.values()))

    def stage(self, name: str) -> Stage:
        """Stage of a name.

        Raises:
            RecipeError: There is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        hint = suggest(name, [stage.name for stage in self.stages])
        raise RecipeError(f'{self.path}: there is no stage {name!r}{hint}')
