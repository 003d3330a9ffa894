"""Build a runner from a config file and command-line options, in one process or in many."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import barrier, init_dist, is_distributed
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

from mmwsss.config import ConfigError, read_config
from mmwsss.config.effects import check_option
from mmwsss.config.keys import check_spelling, find_key
from mmwsss.engine.auto_classes import resolve_num_classes
from mmwsss.engine.auto_epochs import resolve_epochs
from mmwsss.engine.checkpoint_io import trust_checkpoints
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.parts import check_parts
from mmwsss.engine.runner import WSSSRunner
from mmwsss.registry import RUNNERS

_TORCHRUN = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT')
LAUNCHERS = ('none', 'pytorch', 'slurm')


def init_processes(launcher: str, env_cfg: dict[str, Any] | None = None) -> None:
    """Join the process group: the config's backend on GPUs, gloo on CPUs.

    mmengine would call ``torch.cuda.set_device``; it leaves alone a group that already exists.

    Args:
        launcher: 'none', 'pytorch' (``torch.distributed.run``) or 'slurm' (``srun``).
        env_cfg: The config's ``env_cfg``. On CPUs only ``timeout`` (seconds) of its ``dist_cfg``
            counts.
    """
    if launcher not in LAUNCHERS:
        raise ValueError(f'launcher must be one of {", ".join(LAUNCHERS)}, found {launcher!r}')
    if launcher == 'none' or is_distributed():
        return
    if launcher == 'slurm':
        os.environ.update(slurm_environment(os.environ))
        _say_whom_we_wait_for()
    missing = [name for name in _TORCHRUN if name not in os.environ]
    if missing:
        raise StageFailed(
            f'--launcher pytorch, but {", ".join(missing)} is not set: ask for '
            'processes with --gpus N, or start through tools/dist_train.sh or tools/dist_test.sh '
            '(torch.distributed.run)'
        )
    env_cfg = env_cfg or {}
    dist_cfg = {'backend': 'nccl', **env_cfg.get('dist_cfg', {})}
    set_multi_processing(**env_cfg.get('mp_cfg', {}), distributed=True)
    try:
        if torch.cuda.is_available():
            init_dist('pytorch', **dist_cfg)
        else:
            timeout = timedelta(seconds=dist_cfg.get('timeout', 1800))
            torch.distributed.init_process_group('gloo', timeout=timeout)
    except torch.distributed.DistError as error:  # a port in use, others that never came
        raise StageFailed(
            f'the {os.environ["WORLD_SIZE"]} processes did not meet at {os.environ["MASTER_ADDR"]}:'
            f'{os.environ["MASTER_PORT"]}: {str(error).splitlines()[0].rstrip(".")}. Another job '
            'may use the port (PORT=N tools/dist_train.sh, or MASTER_PORT), or not all were started'
        ) from error


def _say_whom_we_wait_for() -> None:
    others = int(os.environ['WORLD_SIZE']) - 1
    if others and os.environ['RANK'] == '0':
        print(
            f'waiting for {others} other task{"s" * (others > 1)} at {os.environ["MASTER_ADDR"]}:'
            f'{os.environ["MASTER_PORT"]} (srun starts them; without srun use --launcher none)',
            file=sys.stderr,
            flush=True,
        )


def leave_processes() -> None:
    """Wait for the other processes and leave the group, if any, at the end of a successful run.

    A process that exits while others still talk to it may be aborted in the middle of its exit.
    """
    if is_distributed():
        barrier()
        torch.distributed.destroy_process_group()


def slurm_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Set torch's environment variables from Slurm's.

    Args:
        environ: Environment of a task that ``srun`` started. MASTER_ADDR and MASTER_PORT are kept.

    Returns:
        RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT. With one visible GPU for each
        task, LOCAL_RANK is 0 for all.
    """
    if 'SLURM_PROCID' not in environ:
        raise ValueError(
            '--launcher slurm, but SLURM_PROCID is not set: start through tools/slurm_train.sh or '
            'srun, or use --launcher pytorch'
        )
    address = environ.get('MASTER_ADDR')
    if address is None and environ.get('SLURM_NNODES', '1') == '1':
        address = '127.0.0.1'
    if address is None:
        if shutil.which('scontrol') is None:
            raise ValueError('no scontrol to ask for the first node: set MASTER_ADDR to its name')
        nodes = ['scontrol', 'show', 'hostnames', environ['SLURM_JOB_NODELIST']]
        address = subprocess.run(nodes, capture_output=True, text=True, check=True).stdout.split()[
            0
        ]
    devices = torch.cuda.device_count() or int(environ['SLURM_NTASKS'])
    port = 20000 + int(environ.get('SLURM_JOB_ID', 9500)) % 20000  # jobs may share a node
    return {
        'RANK': environ['SLURM_PROCID'],
        'WORLD_SIZE': environ['SLURM_NTASKS'],
        'LOCAL_RANK': str(int(environ.get('SLURM_LOCALID', environ['SLURM_PROCID'])) % devices),
        'MASTER_ADDR': address,
        'MASTER_PORT': environ.get('MASTER_PORT', str(port)),
    }


def load_config(
    config: str | Path, *, work_dir: str | None = None, cfg_options: dict[str, Any] | None = None
) -> Config:
    """Read a config file.

    Args:
        config: The file.
        work_dir: Folder of the run. Defaults to the config's, else ``work_dirs/<config name>``.
        cfg_options: Values by dotted key, over those of the file. An item of a list is named by its
            index or its type.

    Raises:
        ConfigError: Nothing would read an option, or the file is a recipe.
        KeyError: A part of a key is likely to be mistyped.
    """
    cfg = read_config(config)
    if 'recipe' in cfg and 'model' not in cfg:
        raise ConfigError(
            f'{config} is a recipe, whose stages have configs of their own: mmwsss run '
            f'{shlex.quote(str(config))}'
        )
    options = {}
    for key, value in (cfg_options or {}).items():
        check_option(cfg, key)
        check_spelling(cfg, key)
        options[find_key(cfg, key)] = value
    cfg.merge_from_dict(options)
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(cfg.filename).stem)
    return cfg


def build_runner(
    cfg: Config,
    *,
    launcher: str = 'none',
    load_from: str | None = None,
    resume: str | None = None,
    total_batch: int | None = None,
    amp: bool = False,
    seed: int | None = None,
    trust_checkpoint: bool = False,
) -> WSSSRunner:
    """Build the runner of a stage; :meth:`train` or :meth:`test` runs it.

    Args:
        cfg: The stage's config, with a ``work_dir`` (:func:`load_config`). It is changed.
        launcher: How the processes were started; see :func:`init_processes`.
        load_from: Checkpoint to start from or to test. Defaults to the config's.
        resume: 'auto' to go on from the newest readable checkpoint in the work_dir, or a file.
        total_batch: Images a step over all processes, instead of the config's.
        amp: Train in mixed precision.
        seed: Seed of the run. Defaults to the config's.
        trust_checkpoint: Unpickle checkpoints fully: they may then run any code.
    """
    if load_from is not None:
        cfg.load_from = load_from
    if resume is not None:
        cfg.resume = True
        cfg.load_from = None if resume == 'auto' else resume
    if seed is not None:
        cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}
    if total_batch is not None:
        cfg.batch = {**cfg.get('batch', {}), 'total': total_batch}
    runner_type = _runner_type(cfg)
    check_seed(cfg.get('randomness', {}).get('seed'))
    if amp:
        if not cfg.get('optim_wrapper'):
            raise StageFailed('--amp, but the config trains nothing: it has no optim_wrapper')
        _turn_on_amp(cfg.optim_wrapper)
    check_parts(cfg.to_dict())
    kind = str((cfg.get('optim_wrapper') or {}).get('type'))
    if kind.endswith('AmpOptimWrapper') and get_device() == 'cpu':
        raise StageFailed(
            'mixed precision (--amp, optim_wrapper.type=AmpOptimWrapper) needs a GPU, and torch '
            "sees none: leave --amp out, or set optim_wrapper.type='OptimWrapper'"
        )
    trust_checkpoints(trust_checkpoint)
    cfg.launcher = launcher
    init_processes(launcher, cfg.get('env_cfg'))
    resolve_num_classes(cfg)
    resolve_epochs(cfg)
    return runner_type.from_cfg(cfg)


def check_seed(seed: int | None) -> None:
    """Raise an error if the random generators would not accept the seed.

    Raises:
        StageFailed: It is no whole number of 32 bits.
    """
    if seed is not None and not (isinstance(seed, int) and 0 <= seed < 2**32):
        raise StageFailed(
            f'randomness.seed is a whole number from 0 to {2**32 - 1}, found {seed!r}'
        )


def _runner_type(cfg: Config) -> type[WSSSRunner]:
    """Get the config's runner class and check that it is a suitable one."""
    if cfg.get('strategy') is not None:
        raise StageFailed(
            'the config has a strategy (DeepSpeed, FSDP, ...), which needs FlexibleRunner; these '
            'tools run WSSSRunner, whose checkpoints and resumes have none. Take strategy and '
            'runner_type out'
        )
    name = cfg.get('runner_type') or 'WSSSRunner'
    kind = RUNNERS.get(name) if isinstance(name, str) else name
    if kind is Runner:  # mmengine's default
        return WSSSRunner
    if not (isinstance(kind, type) and issubclass(kind, WSSSRunner)):
        raise StageFailed(
            f'runner_type={name!r}: these tools run WSSSRunner and classes derived from it. Take '
            'runner_type out'
        )
    return kind


def _turn_on_amp(optim_wrapper: dict[str, Any]) -> None:
    kind = optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp needs optim_wrapper.type OptimWrapper, found {kind}')
    optim_wrapper['type'] = 'AmpOptimWrapper'
    optim_wrapper.setdefault('loss_scale', 'dynamic')
