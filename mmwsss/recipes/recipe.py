"""Recipes: the stages from tags to a trained segmentor, as data."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from mmwsss.recipes.errors import RecipeError

ACTIONS = ('train', 'test')
OUTPUTS = {'train': ('checkpoint',), 'test': ('scores', 'masks', 'proposals', 'prompts')}
_STAGE_KEYS = ('name', 'config', 'action', 'inputs', 'cfg_options', 'list', 'like')
_RECIPE_KEYS = ('recipe', 'baselines', 'variables', 'report')
REPORT_PARTS = ('scores', 'masks', 'predictions')
_REPORT_KEYS = (*REPORT_PARTS, 'limit', 'choose', 'background', 'title')


@dataclass(frozen=True)
class Stage:
    """One config run by ``tools/train.py`` or ``tools/test.py``.

    Args:
        name: Name of the stage and of its folder.
        config: Path of its config.
        action: 'train' or 'test'.
        inputs: Config keys that take an output of an earlier stage, e.g.
            ``{'load_from': 'cam.checkpoint'}``.
        cfg_options: Further config keys and their values.
        list_name: Name of the image list in tables; read from the config if empty.
        is_baseline: Whether it only adds a row to compare with.
    """

    name: str
    config: Path
    action: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    list_name: str = ''
    is_baseline: bool = False

    def parents(self) -> list[str]:
        """Names of the stages whose outputs it takes."""
        return list(dict.fromkeys(split_reference(value)[0] for value in self.inputs.values()))


@dataclass(frozen=True)
class Recipe:
    """A parsed recipe; see :func:`load_recipe`."""

    path: Path
    stages: tuple[Stage, ...]
    variables: Mapping[str, str | None]
    report: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """File name of the recipe without suffix."""
        return self.path.stem

    def stage(self, name: str) -> Stage:
        """Stage of a name.

        Raises:
            RecipeError: There is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        hint = _suggest(name, [stage.name for stage in self.stages])
        raise RecipeError(f'{self.path}: there is no stage {name!r}{hint}')


def split_reference(reference: str) -> tuple[str, str]:
    """Split ``'stage.output'`` into its two names."""
    stage, _, output = reference.rpartition('.')
    return stage, output


def load_recipe(path: str | Path) -> Recipe:
    """Read and check a recipe config.

    A recipe holds ``recipe = [dict(name, config, action, inputs, cfg_options, list), ...]``.
    Paths of configs are relative to the recipe's folder, as in ``_base_``. A stage with
    ``like='other'`` starts from a copy of an earlier stage: what it names itself replaces the
    copy, ``inputs`` and ``cfg_options`` are merged. ``baselines`` holds stages of the same form
    that only add rows to the table, ``variables = dict(NAME='default')`` the environment
    variables that its configs read (``None``: has to be given), and ``report`` what
    ``report.html`` shows. Names with a leading underscore are the recipe's own.

    Raises:
        RecipeError: With file, stage and key, what was found and what is expected.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise RecipeError(f'{path}: the recipe does not exist')
    try:
        content = Config.fromfile(path, import_custom_modules=False).to_dict()
    except Exception as error:
        raise RecipeError(f'{path}: cannot be read as a config: {error}') from error
    content = {key: value for key, value in content.items() if not key.startswith('_')}
    _known(path, 'key', content, _RECIPE_KEYS)
    if not isinstance(content.get('recipe'), list) or not content['recipe']:
        raise RecipeError(f'{path}: recipe must be a list of stages, found {content.get("recipe")}')
    stages: dict[str, Stage] = {}
    raw: dict[str, dict] = {}
    for key in ('recipe', 'baselines'):
        for index, entry in enumerate(content.get(key) or ()):
            where = f'{path}: {key}[{index}]'
            stage = _parse_stage(where, entry, path.parent, stages, raw, key == 'baselines')
            stages[stage.name] = stage
    return Recipe(
        path,
        tuple(stages.values()),
        _parse_variables(path, content.get('variables') or {}),
        _parse_report(path, content.get('report'), stages),
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
    config = (folder / entry['config']).resolve()
    if not config.is_file():
        raise RecipeError(
            f'{where}: config {entry["config"]!r} not found at {config}; paths are relative to '
            "the recipe's folder, as in _base_"
        )
    inputs, options = entry.get('inputs') or {}, entry.get('cfg_options') or {}
    for key, value in inputs.items():
        _check_reference(f'{where}: input {key!r}', value, stages)
    both = set(inputs) & set(options)
    if both:
        raise RecipeError(f'{where}: {sorted(both)} stand in inputs and in cfg_options')
    try:
        to_arguments(options)
    except RecipeError as error:
        raise RecipeError(f'{where}: cfg_options: {error}') from None
    return Stage(
        name,
        config,
        entry['action'],
        dict(inputs),
        dict(options),
        str(entry.get('list') or ''),
        is_baseline,
    )


def _copy_stage(where: str, entry: dict, raw: Mapping[str, dict]) -> dict:
    """Fill in what a stage leaves to the one that it is like."""
    if entry['like'] not in raw:
        raise RecipeError(
            f'{where}: like={entry["like"]!r} is no earlier stage{_suggest(entry["like"], raw)}'
        )
    other = raw[entry['like']]
    merged = {**other, **{k: v for k, v in entry.items() if k != 'like'}}
    for key in ('inputs', 'cfg_options'):
        merged[key] = {**(other.get(key) or {}), **(entry.get(key) or {})}
    if 'list' not in entry:  # another list is the usual reason for a copy
        merged.pop('list', None)
    return merged


def _check_reference(where: str, value: Any, stages: Mapping[str, Stage]) -> None:
    name, output = split_reference(value) if isinstance(value, str) else ('', '')
    if not name:
        raise RecipeError(f"{where}: expected 'stage.output', found {value!r}")
    if name not in stages:
        raise RecipeError(f'{where}: {name!r} is no earlier stage{_suggest(name, stages)}')
    possible = OUTPUTS[stages[name].action]
    if output not in possible:
        raise RecipeError(
            f'{where}: {name!r} is a {stages[name].action} stage, its outputs are '
            f'{", ".join(possible)}; found {output!r}'
        )


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
    for key in sources:
        _check_reference(f'{path}: report: {key}', report[key], stages)
    return report


def _known(where: str, what: str, found: Iterable[str], known: Iterable[str]) -> None:
    for name in found:
        if name not in known:
            raise RecipeError(
                f'{where}: unknown {what} {name!r}{_suggest(name, known)}; known are '
                f'{", ".join(known)}'
            )


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f', did you mean {close[0]!r}?' if close else ''


def to_arguments(options: Mapping[str, Any]) -> list[str]:
    """Write options as the ``key=value`` arguments of ``--cfg-options``.

    Raises:
        RecipeError: A value would be read back as another one (mmengine drops blanks and splits
            at commas); such values belong in a config.
    """
    arguments = []
    for key, value in options.items():
        if isinstance(value, dict) and value:
            arguments += to_arguments({f'{key}.{k}': v for k, v in value.items()})
            continue
        text = _to_text(value)
        try:
            back = DictAction._parse_iterable(text)
        except AssertionError:
            back = None if value is not None else ''
        if '=' in key or type(back) is not type(value) or back != value:
            raise RecipeError(
                f'{key}: the value {value!r} cannot be given on a command line (it would arrive '
                f'as {back!r}); write a config that derives from this one'
            )
        arguments.append(f'{key}={text}')
    return arguments


def _to_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        inner = ','.join(map(_to_text, value))
        return f'[{inner}]' if isinstance(value, list) else f'({inner})'
    return str(value)
