"""Reading recipes from config files, with errors that name file, stage and key."""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmwsss.config import read_config
from mmwsss.config.keys import suggest
from mmwsss.installed import find_config
from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.recipe import ACTIONS, OUTPUTS, REPORT_PARTS, Recipe, Reference, Stage

_STAGE_KEYS = ('name', 'config', 'action', 'data', 'inputs', 'cfg_options', 'list', 'like')
_RECIPE_KEYS = ('recipe', 'baselines', 'data', 'variables', 'report', 'photos')
_PHOTOS_KEYS = ('tags', 'seeds', 'masks')
_REPORT_KEYS = (*REPORT_PARTS, 'limit', 'choose', 'background', 'title')


def load_recipe(path: str | Path) -> Recipe:
    """Read and check a recipe config.

    A recipe holds ``recipe = dict(NAME=dict(config, action, inputs, cfg_options, list), ...)``, its
    stages in their order. By these names a recipe changes stages of its ``_base_``, as configs
    change any dict; ``NAME=None`` leaves one out. (A list of stages, each with a ``name``, is read
    too.) Paths of configs are relative to the recipe's folder, as in ``_base_``, or
    ``PACKAGE::FOLDER/NAME.py`` of an installed package. A stage with ``like='other'`` starts from a
    copy of an earlier stage: what it names itself replaces the copy, ``inputs`` and
    ``cfg_options`` are merged. ``data = 'voc'``, for all stages or in one, is the data set of
    configs that take any (``{{$DATA:voc}}``), and what ``{data}`` means in a ``config``; one of
    your own is ``_base_/datasets/NAME.py`` in the recipe's folder or the folder above.
    ``baselines`` holds stages of the same form that only add rows to the table, ``variables =
    dict(NAME='default')`` the environment variables that its configs read (``None``: has to be
    given), and ``report`` what ``report.html`` shows.
    ``photos = dict(tags='train stage', seeds='stage.scores', masks='stage.masks')`` prints the tags
    of one's own photos before the first stage and signs of their masks after the last. Names with
    a leading underscore are the recipe's own.

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
    if 'recipe' not in content and 'model' in content:
        raise RecipeError(
            f'{path} is the config of one stage, no recipe: mmwsss train {shlex.quote(str(path))}'
        )
    _known(str(path), 'key', content, _RECIPE_KEYS)
    if not _entries(path, 'recipe', content):
        raise RecipeError(
            f'{path}: recipe must be a dict of stages by name, found {content.get("recipe")}'
        )
    stages: dict[str, Stage] = {}
    raw: dict[str, dict] = {}
    data = _parse_data(str(path), content.get('data', ''))
    for key in ('recipe', 'baselines'):
        for entry in _entries(path, key, content):
            if data and 'like' not in entry:
                entry = {'data': data, **entry}
            stage = _parse_stage(path, entry, stages, raw, key == 'baselines')
            stages[stage.name] = stage
    return Recipe(
        path,
        tuple(stages.values()),
        _parse_variables(path, content.get('variables') or {}),
        _parse_report(path, content.get('report'), stages),
        _parse_photos(path, content.get('photos'), stages),
    )


def _entries(path: Path, key: str, content: Mapping[str, Any]) -> list[dict]:
    """Stages under a key, each with its name in it."""
    found = content.get(key) or {}
    if isinstance(found, dict):
        for name, entry in found.items():
            if entry is not None and (not isinstance(entry, dict) or 'name' in entry):
                raise RecipeError(f'{path}: {key}.{name} must be a dict without a name: {entry!r}')
        return [{'name': str(k), **entry} for k, entry in found.items() if entry is not None]
    if not isinstance(found, list):
        raise RecipeError(f'{path}: {key} must be a dict of stages by name, found {found!r}')
    for index, entry in enumerate(found):
        if not isinstance(entry, dict) or not isinstance(entry.get('name'), str):
            raise RecipeError(f'{path}: {key}.{index} must be a dict with a name: {entry!r}')
    return found


def _parse_stage(
    path: Path, entry: dict, stages: Mapping[str, Stage], raw: dict[str, dict], is_baseline: bool
) -> Stage:
    name = entry['name']
    where = f'{path}: stage {name}'
    if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9_-]*', name):
        raise RecipeError(f'{where}: the name becomes a folder: use letters, digits, "_" and "-"')
    if name in stages:
        raise RecipeError(f'{where}: the name is taken by an earlier stage')
    _known(where, 'key', entry, _STAGE_KEYS)
    if 'like' in entry:
        entry = _copy_stage(where, entry, raw)
    raw[name] = entry
    for key in ('config', 'action'):
        if not isinstance(entry.get(key), str):
            raise RecipeError(f'{where}: {key} is missing{suggest(name, stages)}')
    if entry['action'] not in ACTIONS:
        raise RecipeError(f"{where}: action must be 'train' or 'test', found {entry['action']!r}")
    data = _parse_data(where, entry.get('data', ''))
    config = _find_config(where, _of_data(where, entry['config'], data), path.parent)
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
        data,
        path.parent,
    )


def _of_data(where: str, config: str, data: str) -> str:
    """Name of a config in which ``{data}`` stands for the data set."""
    if '{data}' in config and not data:
        raise RecipeError(f'{where}: config {config!r} needs data, the name of a data set')
    return config.replace('{data}', data)


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
