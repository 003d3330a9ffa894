"""Check before the first stage what all stages need: files, data, packages and disk space."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmwsss.config import ConfigError
from mmwsss.config.custom_imports import import_custom
from mmwsss.recipes.code import ReachableCode
from mmwsss.recipes.identity import relevant_part
from mmwsss.recipes.planning import Planner
from mmwsss.recipes.recipe import Reference, Stage
from mmwsss.weights import WeightsError, find_in_package, find_weights
from mmwsss.weights.catalogue import entries_of
from mmwsss.weights.packages import SCHEME

# Modules of the optional packages and the extras that bring them.
_EXTRAS = {
    'pydensecrf': 'crf',
    'segment_anything': 'sam',
    'open_clip': 'clip',
    'transformers': 'det',
}
_LEAST_FREE = 1 << 30


@dataclass
class Need:
    """Something that stages need.

    Attributes:
        what: Its kind: 'config', 'classes', 'weights', 'store', 'data', 'extra' or 'disk'.
        name: What exactly.
        problem: What is wrong with it and what to do; '' if it is there.
        found: What is there, in words.
        stages: Who needs it.
    """

    what: str
    name: str
    problem: str = ''
    found: str = 'there'
    stages: list[str] = field(default_factory=list)


def find_needs(planner: Planner, stages: Sequence[Stage], work_dir: Path) -> list[Need]:
    """Check everything that stages need, except outputs of other stages of the recipe.

    Args:
        planner: The planner of the recipe.
        stages: Stages that will run.
        work_dir: Folder of the run.

    Returns:
        Each need once; nothing is written, and data sets are listed, not read.
    """
    needs: dict[str, Need] = {}
    code = ReachableCode()
    for stage in stages:
        cfg = planner.configs[stage.name].to_dict()
        made = {str(reference) for reference in stage.inputs.values()}
        content = {k: v for k, v in relevant_part(cfg, stage.action).items() if _is_used(k)}
        if stage.action == 'test':
            content = _without(content, 'init_cfg')  # weights to start a training from
        wanted: list[tuple[str, Callable[[Any], Need], Any]] = [
            *((path, _look_at_file, path) for path in _files(content) if path not in made),
            *((repr(part), _look_at_data, part) for part in _data_sets(content, code)),
            *((module, _look_at_extra, module) for module in _extras(cfg, code)),
        ]
        for key, look, argument in wanted:
            if key not in needs:
                needs[key] = look(argument)
            need = needs[key]
            if stage.name not in need.stages:
                need.stages.append(stage.name)
        problem = _problem_of_config(cfg, stage)
        if problem:
            name = f'{stage.config.name} of {stage.name}'
            needs[name] = Need('config', name, problem, stages=[stage.name])
        for reference, problem in _problems_of_classes(planner, stage, stages, code):
            needs[problem] = Need('classes', f'of {reference}', problem, stages=[stage.name])
    if stages:
        needs['disk'] = _look_at_disk(work_dir)
    rows: dict[tuple[str, ...], Need] = {}
    for need in needs.values():  # what reads the same in two ways is shown once
        row = rows.setdefault((need.what, need.name, need.problem, need.found), need)
        row.stages = list(dict.fromkeys([*row.stages, *need.stages]))
    return list(rows.values())


def print_needs(needs: Iterable[Need], console: Console) -> None:
    """Print the table of needs, what is missing first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ('needed', 'by', 'found'):
        table.add_column(name, overflow='fold')
    for need in sorted(needs, key=lambda need: not need.problem):
        by = ', '.join(need.stages[:3]) + (' ...' if len(need.stages) > 3 else '')
        found = f'MISSING: {need.problem}' if need.problem else need.found
        table.add_row(*map(Text, (f'{need.what} {need.name}', by, found)))
    console.print(table)


def _is_used(key: str) -> bool:
    """Whether a runner reads a key of a config; others are names that the config uses itself."""
    return key in ('model', 'load_from', 'default_hooks', 'custom_hooks') or key.endswith(
        ('_dataloader', '_evaluator', '_cfg')
    )


def _problem_of_config(cfg: Mapping[str, Any], stage: Stage) -> str:
    """What is wrong with the parts that a config names; '' if they exist and have its options."""
    from mmwsss.engine.errors import StageFailed
    from mmwsss.engine.parts import check_inputs, check_parts

    try:
        import_custom(cfg, stage.config)
        check_parts(relevant_part(cfg, stage.action))
        check_inputs(cfg, {key: str(reference) for key, reference in stage.inputs.items()})
    except (ConfigError, StageFailed) as error:
        return str(error)
    return ''


def _problems_of_classes(
    planner: Planner, stage: Stage, running: Sequence[Stage], code: ReachableCode
) -> Iterator[tuple[Reference, str]]:
    """What a stage takes that is of other classes than its own, and how they differ."""
    from mmwsss.recipes.classes import class_conflict  # torch, which plans do without

    for key, reference in stage.inputs.items():
        maker = planner.recipe.stage(reference.stage)
        # What an older config has made and --from takes as it is says itself what it is.
        if maker in running or not planner.decide(maker, code=code).runs:
            configs = planner.configs[maker.name], planner.configs[stage.name]
            if problem := class_conflict(maker, configs[0], stage, configs[1], key, reference):
                yield reference, problem


# Files --------------------------------------------------------------------------------


def _files(content: Any) -> Iterator[str]:
    """Weights, and what other runs have left in ``work_dirs``."""
    yield from find_weights(content)
    for text in dict.fromkeys(_texts(content)):
        if text.startswith(('work_dirs/', SCHEME)) and not text.endswith('.pth'):
            yield text


def _look_at_file(path: str) -> Need:
    if path.startswith(SCHEME):
        try:
            find_in_package(path)
        except WeightsError as error:
            return Need('weights', path.partition('#')[0], str(error))
        return Need('weights', path.partition('#')[0])
    if path.startswith('work_dirs/'):
        if os.path.exists(path):
            return Need('result', path)
        return Need('result', path, 'no stage of this recipe makes it: run what does')
    if os.path.exists(path):
        return Need('weights', path)
    entry = next(iter(entries_of(path)), None)
    if entry is None:
        return Need('weights', path, 'no such file')
    if entry.made_from:
        return Need(
            'weights', path, f'make it of {entry.made_from}: mmwsss convert {entry.convert} ...'
        )
    size = '' if entry.size is None else f' ({entry.size >> 20} MiB)'
    return Need('weights', path, f'get {entry.what}{size}: {entry.url or "see docs/weights.md"}')


# Data ---------------------------------------------------------------------------------


def _data_sets(content: Any, code: ReachableCode) -> Iterator[dict[str, Any]]:
    """Configs of our data sets of photos, wherever they stand; each once."""
    found = {}
    for part in _dicts(content):
        if code.registers('datasets', part.get('type')):
            # Under pseudo masks lie the photos; the masks are an earlier stage's.
            inner = part.get('images') or part
            key = {k: v for k, v in inner.items() if k not in ('pipeline', 'test_mode')}
            found[repr(sorted(key.items(), key=str))] = key
    return iter(found.values())


def _look_at_data(part: dict[str, Any]) -> Need:
    from mmwsss.datasets.bare import build_bare_dataset
    from mmwsss.registry import DATASETS

    root = str(part.get('data_root') or '')
    lists = part.get('ann_file') or part.get('split') or ''
    need = Need('data', ' '.join(filter(None, (root, str(lists)))) or str(part['type']))
    kind = DATASETS.get(part['type'])
    if getattr(kind, 'MADE_ON_FIRST_USE', False) and not os.path.exists(root):
        need.found = 'drawn on first use'
        return need
    try:
        need.found = f'{len(build_bare_dataset(part))} photos'
    except (ValueError, OSError) as error:
        need.problem = str(error)
    return need


# Packages and disk --------------------------------------------------------------------


def _extras(cfg: Mapping[str, Any], code: ReachableCode) -> list[str]:
    """Optional modules that the model of a config imports.

    The dense CRF's library is one of two backends: it counts where the config asks for it.
    """
    model = cfg.get('model') or {}
    found = code.imports_of(model) & set(_EXTRAS)
    if not any(value == 'pydensecrf' for value in _leaves(model)):
        found -= {'pydensecrf'}
    return sorted(found)


def _leaves(content: Any) -> Iterator[Any]:
    """All values of a config that are no dictionaries or lists."""
    if isinstance(content, Mapping):
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            yield from _leaves(value)
    else:
        yield content


def _look_at_extra(module: str) -> Need:
    need = Need('extra', f'[{_EXTRAS[module]}]')
    if not _is_installed(module):
        need.problem = f"pip install 'mmwsss[{_EXTRAS[module]}]'"
    return need


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _look_at_disk(work_dir: Path) -> Need:
    folder = next(path for path in (work_dir, *work_dir.parents) if path.exists())
    need = Need('disk', str(work_dir))
    if not os.access(folder, os.W_OK):
        need.problem = f'{folder} cannot be written'
        return need
    free = shutil.disk_usage(folder).free
    need.found = f'{free / 2**30:.1f} GiB free'
    if free < _LEAST_FREE:
        need.problem = f'only {need.found}; stores and checkpoints need more'
    return need


# Walking ------------------------------------------------------------------------------


def _dicts(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            yield from _dicts(value)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)
    elif isinstance(content, str):
        yield content


def _without(content: Any, key: str) -> Any:
    """The same content without the values of a key, at any depth."""
    if isinstance(content, dict):
        return {k: _without(v, key) for k, v in content.items() if k != key}
    if isinstance(content, list | tuple):
        return [_without(value, key) for value in content]
    return content
