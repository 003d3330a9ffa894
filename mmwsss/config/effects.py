"""Refuse values in configs that nothing would read, such as ``max_epochs = 2`` in a child config.

A config is computed from top to bottom and from its bases to itself: by the time a child sets a
name, its bases have computed with their own value of it.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from mmwsss.config.errors import ConfigError
from mmwsss.config.keys import has_key
from mmwsss.installed import MIM, find_part

_RUNNER = (
    *('model', 'work_dir', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'train_cfg'),
    *('val_cfg', 'test_cfg', 'auto_scale_lr', 'optim_wrapper', 'param_scheduler', 'val_evaluator'),
    *('test_evaluator', 'default_hooks', 'custom_hooks', 'data_preprocessor', 'load_from'),
    *('resume', 'launcher', 'env_cfg', 'log_processor', 'log_level', 'visualizer', 'randomness'),
    *('default_scope', 'experiment_name', 'custom_imports', 'tta_model', 'tta_pipeline'),
    *(
        'runner_type',
        'strategy',
        'sync_bn',
        'model_wrapper_cfg',
        'compile',
        'find_unused_parameters',
    ),
    *('activation_checkpointing', 'efficient_conv_bn_eval'),
)
_OURS = ('batch', 'budget', 'allow_ground_truth_masks')
_RECIPE = ('recipe', 'baselines', 'data', 'variables', 'report', 'photos')
#: Keys that are read at the top of a config.
READ = frozenset((*_RUNNER, *_OURS, *_RECIPE))
_LENGTHS = ('max_epochs', 'max_iters')
_SHOWN = 4
_HELPERS = '_helpers'


class SourceFile(NamedTuple):
    """A config file as it is run, with its variables filled in."""

    path: Path
    text: str


def check_effects(cfg: Config, sources: Sequence[SourceFile]) -> None:
    """Refuse top-level names of a config that nothing reads, where something seems to be meant.

    That is: names from which a base computes keys, names of keys that lie deeper, and near misses
    of either. Files without ``_base_`` are taken as they are, and so are other packages' files.

    Args:
        cfg: The config. It remembers the names that its files compute with, for
            :func:`check_option`.
        sources: Its files, each before its bases.

    Raises:
        ConfigError: Names the file, the name and the keys to set instead.
    """
    trees = [ast.parse(source.text) for source in sources]
    computed = _computed(trees)
    object.__setattr__(cfg, _HELPERS, computed)
    for number, (source, tree) in enumerate(zip(sources, trees, strict=True)):
        assigned = _assigned(tree)
        if '_base_' not in assigned or _is_foreign(source.path):
            continue
        used = {node.id for node in _loads(tree)}
        for name, value in assigned.items():
            if name in READ or name in used or name.startswith('__') or name == '_base_':
                continue
            if any(re.search(rf'_base_\.{name}\b', earlier.text) for earlier in sources[:number]):
                continue
            below = [
                base.path
                for base, other in zip(sources[number + 1 :], trees[number + 1 :], strict=True)
                if name in _assigned(other)
            ]
            problem = _problem(cfg, name, below)
            if problem:
                said = ast.unparse(value) if value is not None else '...'
                said = said if len(said) <= 40 else '...'
                raise ConfigError(f'{source.path}: {name} = {said} has no effect: {problem}')


def check_option(cfg: Config, key: str) -> None:
    """Refuse an option, a dotted key, whose first name nothing reads; see :func:`check_effects`.

    Raises:
        ConfigError: Names the keys to set instead.
    """
    name = key.split('.')[0]
    if name not in READ:
        problem = _problem(cfg, name, [Path(cfg.filename)] if cfg.filename else [])
        if problem:
            raise ConfigError(f'{key} has no effect: {problem}')


def _problem(cfg: Config, name: str, bases: Sequence[Path]) -> str:
    """Why a name at the top has no effect; empty if nobody can tell."""
    if name in _LENGTHS and not cfg.get('train_cfg'):
        return 'this config trains nothing'
    computed = getattr(cfg, _HELPERS, {}).get(name, [])
    keys = [key for key in computed if has_key(cfg, key)]
    if keys and bases:
        return f'{bases[0].name} has computed {_listed(keys)} by then. Set what is meant of these'
    content = {key: value for key, value in cfg.to_dict().items() if key in READ}
    keys = [key for key, _ in _walk(content) if key.rpartition('.')[2] == name and '.' in key]
    if name in _LENGTHS:
        keys = [key for key in keys if key.startswith('train_cfg.')]
        return _about_length(content, name, keys)
    if keys:
        return f'nothing reads it there. Its place is {_listed(keys, "or")}'
    near = difflib.get_close_matches(name, [*READ, *_LENGTHS], n=1, cutoff=0.8)
    return f'nothing reads it. Did you mean {near[0]!r}?' if near else ''


def _about_length(content: Mapping[str, Any], name: str, keys: Sequence[str]) -> str:
    train = content['train_cfg']
    other = next((key for key in _LENGTHS if key in train), None)
    if not keys and other is None:
        return f'nothing reads it there. Its place is train_cfg.{name}'
    place = f'train_cfg.{name}' if keys else f'train_cfg.{other}'
    ends = [
        key
        for key, value in _walk(dict(param_scheduler=content.get('param_scheduler') or []))
        if key.endswith('.end') and value == train[place.partition('.')[2]]
    ]
    unit = 'epochs' if other == 'max_epochs' else 'iterations'
    counts = '' if keys else f'; this training counts {unit}'
    return f'nothing reads it there. Set {_listed([place, *ends])}{counts}'


def _listed(keys: Sequence[str], word: str = 'and') -> str:
    if len(keys) > _SHOWN:
        return f'{", ".join(keys[:_SHOWN])} and {len(keys) - _SHOWN} more keys'
    return f' {word} '.join(filter(None, (', '.join(keys[:-1]), keys[-1])))


def _is_foreign(path: Path) -> bool:
    return MIM in path.parts and not path.resolve().is_relative_to(find_part('configs').resolve())


# Sources ------------------------------------------------------------------------------


def _assigned(tree: ast.Module) -> dict[str, ast.expr | None]:
    """Names that a file assigns at its top, with their expressions."""
    found: dict[str, ast.expr | None] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for part in ast.walk(target):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        found[part.id] = node.value if part is target else None
    return found


def _loads(node: ast.AST) -> Iterator[ast.Name]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
            yield part


def _computed(trees: Sequence[ast.Module]) -> dict[str, list[str]]:
    """Keys that are computed from each name that is not read itself."""
    direct: dict[str, list[str]] = {}
    for tree in trees:
        assigned = _assigned(tree)
        names = assigned.keys() - READ
        for target, value in assigned.items():
            if value is not None and target != '_base_':
                for name, place in _uses(value, target):
                    if name in names:
                        direct.setdefault(name, []).append(place)
    found: dict[str, list[str]] = {}
    for name in direct:
        keys, todo, seen = [], list(direct[name]), set()
        while todo:
            key = todo.pop(0)
            top, _, rest = key.partition('.')
            if top in READ:
                keys.append(key)
            elif key not in seen:
                seen.add(key)
                todo += [f'{place}.{rest}' if rest else place for place in direct.get(top, ())]
        found[name] = [  # the innermost ones
            key
            for key in dict.fromkeys(keys)
            if not any(other.startswith(f'{key}.') for other in keys)
        ]
    return {name: keys for name, keys in found.items() if keys}


def _uses(node: ast.expr, path: str) -> Iterator[tuple[str, str]]:
    """Names that an expression is computed from, each with the dotted keys of where."""
    if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'dict' and not node.args:
        for keyword in node.keywords:
            inner = f'{path}.{keyword.arg}' if keyword.arg else path
            yield from _uses(keyword.value, inner)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            inner = f'{path}.{key.value!s}' if isinstance(key, ast.Constant) else path
            yield from _uses(value, inner)
    elif isinstance(node, ast.List | ast.Tuple):
        for index, item in enumerate(node.elts):
            yield from _uses(item, f'{path}.{index}')
    elif not isinstance(node, ast.Constant):
        for name in {part.id for part in _loads(node)}:
            yield name, path


# Contents -----------------------------------------------------------------------------


def _walk(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    items: Any = ()
    if isinstance(node, Mapping):
        items = node.items()
    elif isinstance(node, list | tuple):
        items = enumerate(node)
    for key, value in items:
        inner = f'{path}.{key}' if path else str(key)
        yield inner, value
        yield from _walk(value, inner)
