"""Recipes: lists of stages from tags to a trained segmentor, as data."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from mmwsss.config import read_config
from mmwsss.config.keys import suggest
from mmwsss.installed import find_config
from mmwsss.recipes.errors import RecipeError

ACTIONS = ('train', 'test')
OUTPUTS = {'train': ('checkpoint',), 'test': ('scores', 'masks', 'proposals', 'prompts')}
_STAGE_KEYS = ('name', 'config', 'action', 'data', 'inputs', 'cfg_options', 'list', 'like')
_RECIPE_KEYS = ('recipe', 'baselines', 'data', 'variables', 'report', 'photos')
_PHOTOS_KEYS = ('tags', 'seeds', 'masks')
REPORT_PARTS = ('scores', 'masks', 'predictions')
_REPORT_KEYS = (*REPORT_PARTS, 'limit', 'choose', 'background', 'title')


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
    """

    name: str
    config: Path
    action: str
    inputs: Mapping[str, Reference] = field(default_factory=dict)
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    list_name: str = ''
    is_baseline: bool = False
    data: str = ''

    def parents(self) -> list[str]:
        """Names of the stages whose outputs it takes."""
        return list(dict.fromkeys(reference.stage for reference in self.inputs.values()))


@dataclass(frozen=True)
class Recipe:
    """A parsed recipe; see :func:`load_recipe`."""

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
            stage = stages[self.stage(stage_name).name]
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


def load_recipe(path: str | Path) -> Recipe:
    """Read and check a recipe config.

    A recipe holds ``recipe = [dict(name, config, action, inputs, cfg_options, list), ...]``.
    Paths of configs are relative to the recipe's folder, as in ``_base_``, or
    ``PACKAGE::FOLDER/NAME.py`` of an installed package. A stage with ``like='other'`` starts from a
    copy of an earlier stage: what it names itself replaces the copy, ``inputs`` and
    ``cfg_options`` are merged. ``data = 'voc'``, for all stages or in one, is
    the data set of configs that take any (``{{$DATA:voc}}``). ``baselines`` holds stages of the
    same form that only add rows to the table, ``variables = dict(NAME='default')`` the environment
    variables that its configs read (``None``: has to be given), and ``report`` what
    ``report.html`` shows. ``photos = dict(tags='train stage', seeds='stage.scores',
    masks='stage.masks')`` prints the tags of one's own photos before the first stage and signs of
    their masks after the last. Names with a leading underscore are the recipe's own.

    Raises:
        RecipeError: With file, stage and key, what was found and what is expected.
    """
    try:
        path = find_config(path).resolve()
    except FileNotFoundError as error:
        raise RecipeError(str(error)) from error
    if not path.is_file():
        raise RecipeError(f'{path}: the recipe does not exist')
    try:
        content = read_config(path, import_custom_modules=False).to_dict()
    except Exception as error:
        raise RecipeError(f'{path}: cannot be read as a config: {error}') from error
    content = {key: value for key, value in content.items() if not key.startswith('_')}
    _known(str(path), 'key', content, _RECIPE_KEYS)
    if not isinstance(content.get('recipe'), list) or not content['recipe']:
        raise RecipeError(f'{path}: recipe must be a list of stages, found {content.get("recipe")}')
    stages: dict[str, Stage] = {}
    raw: dict[str, dict] = {}
    data = _parse_data(str(path), content.get('data', ''))
    for key in ('recipe', 'baselines'):
        for index, entry in enumerate(content.get(key) or ()):
            where = f'{path}: {key}[{index}]'
            if isinstance(entry, dict) and data and 'like' not in entry:
                entry = {'data': data, **entry}
            stage = _parse_stage(where, entry, path.parent, stages, raw, key == 'baselines')
            stages[stage.name] = stage
    return Recipe(
        path,
        tuple(stages.values()),
        _parse_variables(path, content.get('variables') or {}),
        _parse_report(path, content.get('report'), stages),
        _parse_photos(path, content.get('photos'), stages),
    )


def _parse_stage(
    where: str,
    entry: Any,
    folder: Path,
    stages: Mapping[str, Stage],
    raw: dict[str, dict],
    is_baseline: bool,
) -> Stage:
    if not isinstance(entry, dict) or not isinstance(entry.get('name'), str):
        raise RecipeError(f'{where}: a stage is a dict with a name, found {entry!r}')
    name = entry['name']
    if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9_-]*', name):
        raise RecipeError(
            f'{where}: the name {name!r} becomes a folder: use letters, digits, "_" and "-"'
        )
    if name in stages:
        raise RecipeError(f'{where}: the name {name!r} is taken by an earlier stage')
    where = f'{where} ({name})'
    _known(where, 'key', entry, _STAGE_KEYS)
    if 'like' in entry:
        entry = _copy_stage(where, entry, raw)
    raw[name] = entry
    for key in ('config', 'action'):
        if not isinstance(entry.get(key), str):
            raise RecipeError(f'{where}: {key} is missing')
    if entry['action'] not in ACTIONS:
        raise RecipeError(f"{where}: action must be 'train' or 'test', found {entry['action']!r}")
    config = _find_config(where, entry['config'], folder)
    inputs, options = entry.get('inputs') or {}, entry.get('cfg_options') or {}
    inputs = {
        key: _parse_reference(f'{where}: input {key!r}', value, stages)
        for key, value in inputs.items()
    }
    both = set(inputs) & set(options)
    if both:
        raise RecipeError(f'{where}: {sorted(both)} stand in inputs and in cfg_options')
    return Stage(
        name,
        config,
        entry['action'],
        inputs,
        dict(options),
        str(entry.get('list') or ''),
        is_baseline,
        _parse_data(where, entry.get('data', '')),
    )


def _find_config(where: str, name: str, folder: Path) -> Path:
    """Path of a stage's config, beside the recipe or in an installed package."""
    config = folder / name
    try:
        config = find_config(name) if '::' in name else config
    except FileNotFoundError as error:
        raise RecipeError(f'{where}: config {error}') from None
    if not config.is_file():
        raise RecipeError(
            f'{where}: config {name!r} not found at {config.resolve()}; paths are relative to '
            "the recipe's folder, as in _base_"
        )
    return config.resolve()


def _copy_stage(where: str, entry: dict, raw: Mapping[str, dict]) -> dict:
    """Copy the fields that a stage does not set from the stage that it is like."""
    if entry['like'] not in raw:
        raise RecipeError(
            f'{where}: like={entry["like"]!r} is no earlier stage{suggest(entry["like"], raw)}'
        )
    other = raw[entry['like']]
    merged = {**other, **{k: v for k, v in entry.items() if k != 'like'}}
    for key in ('inputs', 'cfg_options'):
        merged[key] = {**(other.get(key) or {}), **(entry.get(key) or {})}
    if 'list' not in entry:  # another list is the usual reason for a copy
        merged.pop('list', None)
    return merged


def _parse_reference(where: str, value: Any, stages: Mapping[str, Stage]) -> Reference:
    try:
        reference = Reference.parse(value)
    except RecipeError as error:
        raise RecipeError(f'{where}: {error}') from None
    name, output = reference
    if name not in stages:
        raise RecipeError(f'{where}: {name!r} is no earlier stage{suggest(name, stages)}')
    possible = OUTPUTS[stages[name].action]
    if output not in possible:
        raise RecipeError(
            f'{where}: {name!r} is a {stages[name].action} stage, its outputs are '
            f'{", ".join(possible)}; found {output!r}'
        )
    return reference


def _parse_data(where: str, data: Any) -> str:
    if not isinstance(data, str) or (data and not re.fullmatch(r'\w[\w-]*', data)):
        raise RecipeError(f"{where}: data is the name of a data set, as 'voc'; found {data!r}")
    return data


def _parse_variables(path: Path, variables: Any) -> dict[str, str | None]:
    for name, default in variables.items():
        if not re.fullmatch(r'[A-Za-z_][A-Za-z0-9_]*', name):
            raise RecipeError(f'{path}: variable {name!r} is no name of an environment variable')
        if default is not None and not isinstance(default, str):
            raise RecipeError(
                f'{path}: the default of variable {name} must be a text, or None where it has to '
                f'be given with --set; found {default!r}'
            )
    return dict(variables)


def _parse_report(path: Path, report: Any, stages: Mapping[str, Stage]) -> dict[str, Any] | None:
    if report is None:
        return None
    if not isinstance(report, dict):
        raise RecipeError(f'{path}: report must be a dict, found {report!r}')
    _known(f'{path}: report', 'key', report, _REPORT_KEYS)
    sources = [key for key in REPORT_PARTS if report.get(key)]
    if not sources:
        raise RecipeError(f"{path}: report needs scores, masks or predictions ('stage.output')")
    parts = {
        key: _parse_reference(f'{path}: report: {key}', report[key], stages) for key in sources
    }
    return {**report, **parts}


def _parse_photos(path: Path, photos: Any, stages: Mapping[str, Stage]) -> dict[str, Any] | None:
    if photos is None:
        return None
    where = f'{path}: photos'
    if not isinstance(photos, dict) or set(photos) != set(_PHOTOS_KEYS):
        raise RecipeError(f'{where} must be a dict of {", ".join(_PHOTOS_KEYS)}, found {photos!r}')
    tags = stages.get(photos['tags'])
    if tags is None or tags.action != 'train':
        raise RecipeError(f'{where}: tags={photos["tags"]!r} is no stage that is trained')
    parts = {k: _parse_reference(f'{where}: {k}', photos[k], stages) for k in _PHOTOS_KEYS[1:]}
    return {**photos, **parts}


def _known(where: str, what: str, found: Iterable[str], known: Iterable[str]) -> None:
    for name in found:
        if name not in known:
            raise RecipeError(
                f'{where}: unknown {what} {name!r}{suggest(name, known)}; known are '
                f'{", ".join(known)}'
            )
