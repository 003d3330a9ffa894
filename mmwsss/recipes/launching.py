"""Command lines of stages: one process, several, or Slurm."""

import os
import shlex
import socket
import sys
from pathlib import Path

from mmwsss.recipes.recipe import Stage

#: Name of the resolved config in a stage's folder.
CONFIG = 'config.py'
LAUNCHERS = ('none', 'pytorch', 'slurm')


def stage_command(
    stage: Stage,
    folder: Path,
    *,
    tools: Path,
    nproc: int = 1,
    launcher: str = 'none',
    resume: bool = False,
    trust_checkpoint: bool = False,
) -> list[str]:
    """Command that runs a stage.

    Args:
        stage: The stage.
        folder: Its work directory, which holds its resolved config.
        tools: Folder of the tools.
        nproc: Number of processes, one a GPU where there are GPUs.
        launcher: 'none' (one process, or ``torch.distributed.run`` for more) or 'slurm'.
        resume: Whether a training continues from its last checkpoint.
        trust_checkpoint: Whether checkpoints are unpickled fully, which may run code in them.
    """
    script = [str(tools / f'{stage.action}.py'), str(folder / CONFIG), '--work-dir', str(folder)]
    if resume:
        script.append('--resume')
    if trust_checkpoint:
        script.append('--trust-checkpoint')
    if launcher == 'slurm':
        prefix, name = _srun(stage, nproc), 'slurm'
    elif nproc > 1 or launcher == 'pytorch':
        prefix, name = _torchrun(nproc), 'pytorch'
    else:
        prefix, name = [sys.executable, '-u'], 'none'
    if name != 'none':
        script += ['--launcher', name]
    return prefix + script


def _torchrun(nproc: int) -> list[str]:
    with socket.socket() as probe:  # a free port, so that two pipelines do not meet
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    return [
        *(sys.executable, '-m', 'mmwsss.torchrun', f'--nproc_per_node={nproc}'),
        *('--master_addr=127.0.0.1', f'--master_port={port}'),
    ]


def _srun(stage: Stage, nproc: int) -> list[str]:
    per_node = min(nproc, int(os.environ.get('GPUS_PER_NODE', 8)))
    return [
        *('srun', f'--job-name={stage.name}', f'--ntasks={nproc}'),
        *(f'--ntasks-per-node={per_node}', f'--gres=gpu:{per_node}', '--kill-on-bad-exit=1'),
        *shlex.split(os.environ.get('SRUN_ARGS', '')),
        *(sys.executable, '-u'),
    ]
