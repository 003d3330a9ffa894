"""Hash everything that a stage's result depends on: config, inputs, files and code."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmwsss.config.comparing import NONE, canonical, changes, flatten, is_cosmetic, shortened
from mmwsss.config.custom_imports import custom_modules
from mmwsss.recipes.code import ReachableCode
from mmwsss.recipes.recipe import Stage
from mmwsss.stores.hashing import hash_file, hash_text

_OTHER_ACTION = {
    'train': ('test_dataloader', 'test_evaluator', 'test_cfg', 'test_pipeline'),
    'test': ('train_', 'val_', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
}
_LARGE = 64 << 20


def describe(
    stage: Stage, cfg: Config, inputs: Mapping[str, str], code: ReachableCode | None = None
) -> dict[str, Any]:
    """Record everything that the result of a stage depends on, in JSON form.

    Args:
        stage: The stage.
        cfg: Its resolved config, in which inputs stand as ``'stage.output'``.
        inputs: Content hash of each input by its reference.
        code: Finder that has looked at files for other stages. Defaults to a new one.

    Returns:
        Record with 'config' (flat), 'inputs', 'files' (that the config names or its data sets
        read by default) and 'code' (the files of code that it can reach).
    """
    content = relevant_part(cfg.to_dict(), stage.action)
    flat = dict(flatten(content))
    return {
        'action': stage.action,
        'config': {key: value for key, value in flat.items() if not is_cosmetic(key)},
        'inputs': dict(inputs),
        'files': dict(_named_files(content)),
        'code': (code or ReachableCode()).hashes(content, stage.action, custom_modules(cfg)),
    }


def relevant_part(content: Mapping[str, Any], action: str) -> dict[str, Any]:
    """Keep the part of a config that matters for training, or for testing."""
    return {
        key: value for key, value in content.items() if not key.startswith(_OTHER_ACTION[action])
    }


def record_hash(record: Mapping[str, Any]) -> str:
    """Hash of a record of :func:`describe`."""
    return hash_text(repr(canonical(record)))


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], *, ignore_code: bool = False
) -> list[str]:
    """Say in words how two records of :func:`describe` differ; empty if they agree."""
    reasons = []
    for part in ('config', 'inputs', 'files'):
        was, now = old.get(part, {}), new.get(part, {})
        if part == 'config':
            was = {
                key: now[key] if _same_path(value, now.get(key)) else value
                for key, value in was.items()
            }
            changed = changes(was, now)
        else:
            if part == 'files':
                was, now = (
                    {os.path.realpath(k): v for k, v in files.items()} for files in (was, now)
                )
            # A file that appeared since (a list drawn on first use) was no part of the old result.
            keys = was if part == 'files' else {**was, **now}
            changed = [key for key in keys if was.get(key, NONE) != now.get(key, NONE)]
        if changed:
            reasons.append(f'{part} changed ({shortened(changed)})')
    if old.get('action') != new.get('action'):
        reasons.append(f'action changed ({old.get("action")} -> {new.get("action")})')
    if not ignore_code and old.get('code') != new['code']:
        was, now = old.get('code'), new['code']
        changed = []
        if isinstance(was, dict):
            changed = [
                key for key in sorted(was.keys() | now.keys()) if was.get(key) != now.get(key)
            ]
        where = f' ({shortened(changed, ", ")})' if changed else ''
        reasons.append(
            f'code changed{where}: --ignore-code accepts results of older code, --from STAGE only '
            'those of the stages before it'
        )
    return reasons


def _same_path(one: Any, other: Any) -> bool:
    """Whether two values are ways to write one path that exists, such as ``a`` and ``a/``."""
    if not (isinstance(one, str) and isinstance(other, str)) or one == other:
        return False
    return os.path.exists(one) and os.path.realpath(one) == os.path.realpath(other)


def content_hash(path: Path) -> str:
    """Hash of a file, or of the names and contents of all files of a folder."""
    if path.is_file():
        return hash_file(path)
    return hash_of_files(file_hashes(path))


def hash_of_files(files: Mapping[str, str]) -> str:
    """Hash of a folder, of what :func:`file_hashes` found."""
    return hash_text('\n'.join(f'{name} {found}' for name, found in files.items()))


def file_hashes(folder: Path) -> dict[str, str]:
    """Hash of each file of a folder, by its path below it; hidden files do not count."""
    files = sorted(p for p in folder.rglob('*') if p.is_file() and not p.name.startswith('.'))
    return {p.relative_to(folder).as_posix(): hash_file(p) for p in files}


def signature(path: Path) -> list[int]:
    """Number of files, their bytes and the latest change: a cheap sign of any change."""
    files = [path] if path.is_file() else [p for p in path.rglob('*') if p.is_file()]
    stats = [p.stat() for p in files]
    latest = max((s.st_mtime_ns for s in stats), default=0)
    return [len(stats), sum(s.st_size for s in stats), latest]


def _named_files(content: Any, root: str = '') -> Iterator[tuple[str, str]]:
    """Yield ``(path, hash)`` of the files that a config names, e.g. lists, tags, weights."""
    if isinstance(content, dict):
        root = content.get('data_root') or root
        if content.get('data_root'):
            yield from _unnamed_files(content)
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            yield from _named_files(value, root)
    elif isinstance(content, str) and 0 < len(content) < 1024:
        for path in dict.fromkeys((os.path.join(root, content), content)):
            if os.path.isfile(path):
                stat = os.stat(path)
                large = stat.st_size > _LARGE
                yield path, f'{stat.st_size} {stat.st_mtime_ns}' if large else hash_file(path)
                return


def _unnamed_files(dataset: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the same of what a data set reads by default: ``tags.csv``, folders without a list."""
    root = dataset['data_root']
    tags = dataset.get('tags') or {'source': 'csv'}
    if isinstance(tags, dict) and tags.get('source') == 'csv' and 'path' not in tags:
        yield from _named_files('tags.csv', root)
    prefix = dataset.get('data_prefix')  # a text in some libraries' data sets
    prefixes = [
        folder
        for folder in (prefix.values() if isinstance(prefix, dict) else [prefix])
        if isinstance(folder, str)
    ]
    if not prefixes or dataset.get('ann_file') or dataset.get('split'):
        return
    from mmwsss.datasets.errors import DataError  # torch, which plans of listed photos do without
    from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder

    for prefix in prefixes:
        folder = os.path.join(root, prefix)
        with suppress(DataError, OSError):  # the stage says what is wrong with it
            found = list_folder(folder, IMAGE_SUFFIXES, twice_ok=True)
            sizes = [
                f'{name} {os.path.getsize(os.path.join(folder, name))}' for name in found.values()
            ]
            yield os.path.join(folder, '*'), hash_text('\n'.join(sizes))
