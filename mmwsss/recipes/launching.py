"""Command lines of stages: one process, several, or Slurm."""

import os
import shlex
import sys
from pathlib import Path

from mmwsss.recipes.recipe import Stage
from mmwsss.torchrun import torchrun_command

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
        prefix, name = torchrun_command(nproc), 'pytorch'
    else:
        prefix, name = [sys.executable, '-u'], 'none'
    if name != 'none':
        script += ['--launcher', name]
    return prefix + script


def _srun(stage: Stage, nproc: int) -> list[str]:
    per_node = min(nproc, int(os.environ.get('GPUS_PER_NODE', 8)))
    return [
        *('srun', f'--job-name={stage.name}', f'--ntasks={nproc}'),
        *(f'--ntasks-per-node={per_node}', f'--gres=gpu:{per_node}', '--kill-on-bad-exit=1'),
        *shlex.split(os.environ.get('SRUN_ARGS', '')),
        *(sys.executable, '-u'),
    ]
