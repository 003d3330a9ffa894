import sys
from pathlib import Path

from mmwsss.recipes.launching import stage_command
from mmwsss.recipes.recipe import Stage

TRAIN = Stage('cam', Path('/c.py'), 'train')
TEST = Stage('seeds', Path('/c.py'), 'test')


def command(stage, options=None, **launch):
    return stage_command(stage, Path('/w'), options or {}, tools=Path('/tools'), **launch)


def test_one_process():
    assert command(TRAIN, {'a.b': 1, 'load_from': 'x.pth'}) == [
        *(sys.executable, '-u', '/tools/train.py', '/c.py', '--work-dir', '/w'),
        *('--cfg-options', 'a.b=1', 'load_from=x.pth'),
    ]
    assert command(TRAIN, resume=True)[-1] == '--resume'
    assert command(TEST, {'load_from': 'x.pth'})[2:5] == ['/tools/test.py', '/c.py', 'x.pth']


def test_several_processes():
    found = command(TRAIN, nproc=3)
    assert found[1:3] == ['-m', 'torch.distributed.run'] and '--nproc_per_node=3' in found
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
