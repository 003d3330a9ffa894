"""The manifest of a run: where each of its numbers comes from."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from mmwsss.recipes.code import package_hash
from mmwsss.recipes.identity import record_hash
from mmwsss.recipes.recipe import Recipe
from mmwsss.recipes.stage_folder import StageFolder, now
from mmwsss.stores.atomic import atomic_write_json
from mmwsss.version import __version__

SCHEMA_VERSION = 1
_DISTRIBUTIONS = (
    *('torch', 'torchvision', 'mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation', 'mmpretrain'),
    *('mmdet', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation', 'onedl-mmpretrain'),
    *('onedl-mmdetection', 'numpy', 'scipy', 'scikit-image', 'pillow', 'open_clip_torch'),
)


def environment() -> dict[str, Any]:
    """Versions of what results may depend on; nothing is imported for it."""
    return {
        'python': platform.python_version(),
        'platform': platform.platform(),
        'mmwsss': {'version': __version__, 'code': package_hash(), 'git': _git_commit()},
        'packages': dict(_versions()),
        'threads': _threads(),
    }


@cache
def _versions() -> dict[str, str]:
    """Versions of the packages; a process has those that it began with."""
    versions = {}
    for name in _DISTRIBUTIONS:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _threads() -> dict[str, Any]:
    """What sets the threads of a stage: sums in another order are rounded otherwise."""
    names = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')
    cores = getattr(os, 'sched_getaffinity', None)  # those that this job may use; Linux alone
    found: dict[str, Any] = {name: os.environ.get(name) for name in names}
    found['cores'] = len(cores(0)) if cores else os.cpu_count()
    if 'torch' in sys.modules:
        found['torch'] = sys.modules['torch'].get_num_threads()
    return found


def _git_commit() -> str | None:
    """Commit of the source tree, marked '-dirty' if files differ from it; ``None`` outside git."""
    try:
        found = subprocess.run(
            ['git', 'describe', '--always', '--abbrev=40', '--dirty', '--exclude=*'],
            cwd=Path(__file__).resolve().parent,
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def write_manifest(
    path: Path,
    recipe: Recipe,
    folders: Mapping[str, StageFolder],
    settings: Mapping[str, Any],
    states: Mapping[str, str],
    report: str | None = None,
) -> None:
    """Write ``manifest.json``: everything needed to say where each number comes from.

    Args:
        path: The file.
        recipe: The recipe.
        folders: The stages' folders.
        settings: What the command line set.
        states: See :meth:`mmwsss.recipes.planning.Planner.states`.
        report: Hash of what ``report.html`` shows; ``None`` if it shows something older.
    """
    stages = []
    for name, folder in folders.items():
        done, started = folder.done, folder.started
        record = done or started or {}
        identity = record.get('identity') or {}
        metrics = folder.metrics
        stages.append(
            {
                'name': name,
                'state': states[name],
                'action': folder.stage.action,
                'baseline': folder.stage.is_baseline,
                'config': str(folder.stage.config),
                'identity_hash': record.get('identity_hash'),
                'config_hash': record_hash(identity['config']) if identity else None,
                'inputs': {key: str(ref) for key, ref in folder.stage.inputs.items()},
                'input_hashes': identity.get('inputs'),
                'files': identity.get('files'),
                'code': record_hash(identity.get('code') or {}) if identity else None,
                'command': record.get('command'),
                'seconds': record.get('seconds'),
                'begun': record.get('begun'),
                'finished': record.get('finished'),
                'outputs': {k: v['hash'] for k, v in (record.get('outputs') or {}).items()},
                'list_hash': (metrics.get('protocol') or {}).get('list'),
                'metrics': metrics,
            }
        )
    content = {
        'schema_version': SCHEMA_VERSION,
        'recipe': str(recipe.path),
        'written': now(),
        'command': sys.argv,
        'settings': dict(settings),
        'environment': environment(),
        'report': report,
        'stages': stages,
    }
    atomic_write_json(path, content)
