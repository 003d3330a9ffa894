import sys
from pathlib import Path

from mmwsss.recipes.launching import stage_command
from mmwsss.recipes.recipe import Stage

TRAIN = Stage('cam', Path('/c.py'), 'train')
TEST = Stage('seeds', Path('/c.py'), 'test')


def command(stage, **launch):
    return stage_command(stage, Path('/w'), tools=Path('/tools'), **launch)


def test_one_process():
    script = [sys.executable, '-u', '/tools/train.py', '/w/config.py', '--work-dir', '/w']
    assert command(TRAIN) == script
    assert command(TRAIN, resume=True) == [*script, '--resume']
    assert command(TRAIN, trust_checkpoint=True) == [*script, '--trust-checkpoint']
    assert command(TEST)[2:4] == ['/tools/test.py', '/w/config.py']


def test_several_processes():
    found = command(TRAIN, nproc=3)
    assert found[1:3] == ['-m', 'mmwsss.torchrun'] and '--nproc_per_node=3' in found
    assert found[-2:] == ['--launcher', 'pytorch']
    port = next(part for part in found if part.startswith('--master_port='))
    assert 1024 < int(port.split('=')[1]) < 65536
    assert '--nproc_per_node=1' in command(TRAIN, launcher='pytorch')


def test_slurm(monkeypatch):
    monkeypatch.setenv('SRUN_ARGS', '--partition gpu --mem=8G')
    found = command(TEST, nproc=16, launcher='slurm')
    assert found[0] == 'srun' and '--ntasks=16' in found and '--ntasks-per-node=8' in found
    assert '--gres=gpu:8' in found and found[found.index('--partition') + 1] == 'gpu'
    assert found[-2:] == ['--launcher', 'slurm']
