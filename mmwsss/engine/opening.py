"""What a log begins with: what is run, on what, where; everything else in a file beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmwsss.datasets.bare import innermost
from mmwsss.version import __version__

#: Below the folder of a run's log: mmengine's report on the machine, and the config as it is run.
FILE_NAME = 'environment.txt'


def begin_log(runner: Runner, write_all: Callable[[dict], None], env_cfg: dict) -> None:
    """Begin the log of a run; what mmengine would write into it goes to a file beside it.

    Args:
        runner: The runner, as far as its logger is there.
        write_all: mmengine's ``Runner._log_env``, which writes to the runner's logger.
        env_cfg: Its argument.
    """
    logger, pages = runner.logger, _Pages()
    runner.logger = pages
    try:
        write_all(env_cfg)
    finally:
        runner.logger = logger
    file = Path(runner.work_dir) / runner.timestamp / FILE_NAME
    if is_main_process():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('\n'.join(pages.texts) + '\n', encoding='utf-8')
    text = opening(
        runner.cfg,
        work_dir=runner.work_dir,
        seed=runner.seed,
        processes=runner.world_size,
        file=file,
    )
    logger.info(text)


class _Pages:
    """Takes what a logger would be told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def info(self, text: str) -> None:
        """Keep a text."""
        self.texts.append(text)


def opening(cfg: Mapping[str, Any], *, work_dir: str, seed: int, processes: int, file: Path) -> str:
    """The first lines of a log.

    Args:
        cfg: The config that is run.
        work_dir: Where results go.
        seed: Seed of the run.
        processes: Number of processes.
        file: Where the environment and the whole config are.
    """
    name = Path(getattr(cfg, 'filename', None) or 'a config without a file')
    lines = [
        ('what', f'{_model(cfg.get("model"))}, {name}'),
        ('on', f'{_device(processes)}; seed {seed}'),
        ('by', f'mmwsss {__version__}, torch {torch.__version__}'),
    ]
    for stage in ('train', 'val', 'test'):
        dataset = (cfg.get(f'{stage}_dataloader') or {}).get('dataset')
        if isinstance(dataset, Mapping):
            lines.append((stage, _data(dataset)))
    lines += [('results', str(Path(work_dir).resolve())), ('details', str(file.resolve()))]
    return '\n' + '\n'.join(f'  {key:9}{text}' for key, text in lines)


def _model(model: Any) -> str:
    if not isinstance(model, Mapping):
        return type(model).__name__
    parts = [
        str(model[key]['type'])
        for key in ('backbone', 'refiner', 'proposer')
        if isinstance(model.get(key), Mapping) and 'type' in model[key]
    ]
    return str(model.get('type')) + (f' ({", ".join(parts)})' if parts else '')


def _device(processes: int) -> str:
    if torch.cuda.is_available():
        where = torch.cuda.get_device_name()
    else:
        where = f'CPU with {torch.get_num_threads()} threads'
    return where if processes == 1 else f'{processes} processes, each {where}'


def _data(dataset: Mapping[str, Any]) -> str:
    inner = innermost(dataset)
    texts = [str(inner.get('type'))]
    texts += [f'in {inner["data_root"]}'] if inner.get('data_root') else []
    texts += [f'{key} {inner[key]}' for key in ('split', 'ann_file', 'part') if inner.get(key)]
    store = dataset.get('store')
    return ', '.join([*texts, *([f'masks of {store}'] if store else [])])
