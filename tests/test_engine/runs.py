"""Configs, runs and comparisons of the toy task."""

import itertools
import json
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from mmwsss.engine import WSSSRunner, build_runner, load_config
from tests.test_engine.toy import CONFIG

REPOSITORY = Path(__file__).parents[2]
_OF_THE_PROCESS = ('time', '/eta', '/meta', '/experiment_name', '/cfg', '/epoch', '/iter')
_names = itertools.count()


def write_config(folder: Path, text: str = '') -> Path:
    """Write the toy task's config, with further lines at its end."""
    file = folder / 'toy.py'
    base = REPOSITORY / 'configs/_base_/default_runtime.py'
    file.write_text(CONFIG.format(base=str(base)) + text)
    return file


def writer_of(folder: Path) -> int:
    """Process that holds the lock of a folder, once it has written who it is.

    A process that starts warm is not the one that its test has started.
    """
    lock, deadline = folder.with_name(f'.{folder.name}.lock'), time.monotonic() + 10
    while not lock.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    return json.loads(lock.read_text())['process']


def make_runner(folder: Path, text: str = '', name: str = 'run', options=None, **kwargs):
    """Build a runner of the toy task in this process."""
    folder.mkdir(exist_ok=True)
    cfg = load_config(write_config(folder, text), work_dir=str(folder / name), cfg_options=options)
    cfg.experiment_name = f'toy{next(_names)}'  # runs in one process must not share a message hub
    with patch.object(WSSSRunner, '_log_env'):  # asks compilers for their versions
        return build_runner(cfg, **kwargs)


def difference(a, b, path: str = '') -> list[str]:
    """Where two checkpoints are not equal bit for bit; clocks and paths do not count."""
    if path.endswith(_OF_THE_PROCESS) or '_ckpt' in path:
        return []
    if isinstance(a, HistoryBuffer):
        a, b = list(a.data), list(b.data)
    if isinstance(a, dict):
        if list(a) != list(b):
            return [f'{path}: keys {sorted(map(str, set(a) ^ set(b))) or "in another order"}']
        return [text for key in a for text in difference(a[key], b[key], f'{path}/{key}')]
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return [f'{path}: {len(a)} and {len(b)} items']
        pairs = enumerate(zip(a, b, strict=True))
        return [text for i, pair in pairs for text in difference(*pair, f'{path}/{i}')]
    same = torch.equal if isinstance(a, torch.Tensor) else np.array_equal
    return [] if type(a) is type(b) and same(a, b) else [f'{path}: {a} and {b}']
