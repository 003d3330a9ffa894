"""Starting runs: configs, launchers, and the tools in processes of their own."""

import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mmwsss.config import ConfigError
from mmwsss.engine import StageFailed, WSSSRunner, load_config
from mmwsss.engine.checkpoint_io import load_checkpoint
from mmwsss.engine.launch import (
    build_runner,
    init_processes,
    leave_processes,
    slurm_environment,
)
from tests.test_engine.runs import REPOSITORY, difference, make_runner, write_config, writer_of

SLURM = {
    'SLURM_PROCID': '5',
    'SLURM_NTASKS': '8',
    'SLURM_LOCALID': '1',
    'SLURM_NNODES': '2',
    'SLURM_JOB_ID': '123456',
    'SLURM_JOB_NODELIST': 'node[3-4]',
}


def echo(file: Path) -> Path:
    """A program that prints its arguments."""
    file.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    file.chmod(0o755)
    return file


def printed(*command: object) -> list[str]:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


class TestConfig:
    def test_work_dir(self, tmp_path):
        file = write_config(tmp_path)
        assert load_config(file).work_dir == 'work_dirs/toy'
        assert load_config(file, work_dir='there').work_dir == 'there'
        file.write_text(file.read_text() + "work_dir = 'in_config'\n")
        assert load_config(file).work_dir == 'in_config'

    def test_a_recipe_is_run_otherwise(self, tmp_path):
        (tmp_path / 'a_recipe.py').write_text("recipe = dict(cam=dict(config='a.py'))")
        with pytest.raises(ConfigError, match=r'a_recipe.py is a recipe.*: mmwsss run /.*_recipe'):
            load_config(tmp_path / 'a_recipe.py')

    def test_options(self, tmp_path):
        options = {'train_cfg.max_epochs': 9, 'model.trainable': False}
        cfg = load_config(write_config(tmp_path), cfg_options=options)
        assert cfg.train_cfg.max_epochs == 9
        assert cfg.model.trainable is False

    def test_seed_and_resume(self, tmp_path):
        runner = make_runner(tmp_path, seed=5, resume='some.pth')
        assert runner.seed == 5
        assert (runner._load_from, runner._resume) == ('some.pth', True)

    def test_amp(self, tmp_path, monkeypatch):
        cfg = load_config(write_config(tmp_path), work_dir=str(tmp_path))
        cfg.optim_wrapper.type = 'mmpretrain.Odd'
        with pytest.raises(ValueError, match=r'--amp .* found mmpretrain\.Odd'):
            build_runner(cfg, amp=True)
        del cfg.optim_wrapper['type']
        cfg.experiment_name = 'amp'
        monkeypatch.setattr('mmwsss.engine.launch.get_device', lambda: 'cpu')
        with pytest.raises(StageFailed, match='mixed precision .* needs a GPU'):
            build_runner(cfg, amp=True)
        monkeypatch.setattr('mmwsss.engine.launch.get_device', lambda: 'cuda')
        build_runner(cfg, amp=True)
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'

    @pytest.mark.parametrize('seed', [-1, 2**32, 'x', 1.5])
    def test_bad_seeds(self, tmp_path, seed):
        with pytest.raises(StageFailed, match='randomness.seed is a whole number from 0'):
            make_runner(tmp_path, options={'randomness.seed': seed})

    def test_runner_types(self, tmp_path):
        text = "strategy = dict(type='DeepSpeedStrategy')\nrunner_type = 'FlexibleRunner'\n"
        with pytest.raises(
            StageFailed, match='has a strategy .* Take strategy and runner_type out'
        ):
            make_runner(tmp_path, text)
        with pytest.raises(StageFailed, match="runner_type='FlexibleRunner': these tools run"):
            make_runner(tmp_path, "runner_type = 'FlexibleRunner'\n")
        for name in ('Runner', 'mmwsss.WSSSRunner', 'WSSSRunner'):
            assert type(make_runner(tmp_path, f'runner_type = {name!r}\n')) is WSSSRunner
        own = make_runner(tmp_path, "runner_type = 'ToyRunner'\n")
        assert type(own).__name__ == 'ToyRunner'

    def test_amp_of_a_stage_that_trains_nothing(self, tmp_path):
        with pytest.raises(StageFailed, match='--amp, but the config trains nothing'):
            make_runner(tmp_path, 'optim_wrapper = None\n', amp=True)


class TestLaunchers:
    def test_unknown(self):
        with pytest.raises(ValueError, match='one of none, pytorch, slurm'):
            init_processes('mpi')

    def test_pytorch_without_torchrun(self, monkeypatch):
        for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv('RANK', '0')
        with pytest.raises(
            StageFailed, match=r'WORLD_SIZE, .* not set: ask for processes with --gpus N'
        ):
            init_processes('pytorch')

    def test_slurm_by_hand_says_whom_it_waits_for(self, monkeypatch, capsys):
        for name, value in {**SLURM, 'SLURM_PROCID': '0', 'SLURM_NNODES': '1'}.items():
            monkeypatch.setenv(name, value)
        for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'):
            monkeypatch.setenv(name, '')  # restored afterwards
            monkeypatch.delenv(name)
        monkeypatch.setattr('mmwsss.engine.launch.get_device', lambda: 'cpu')
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        with pytest.raises(StageFailed, match='the 8 processes did not meet at 127.0.0.1:23456'):
            init_processes('slurm', {'dist_cfg': {'timeout': 1}})
        assert 'waiting for 7 other tasks at 127.0.0.1:23456' in capsys.readouterr().err

    def test_port_in_use(self, monkeypatch):
        with socket.socket() as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            port = str(other.getsockname()[1])
            values = {'RANK': '0', 'WORLD_SIZE': '1', 'LOCAL_RANK': '0', 'MASTER_PORT': port}
            for name, value in {**values, 'MASTER_ADDR': '127.0.0.1'}.items():
                monkeypatch.setenv(name, value)
            with pytest.raises(StageFailed, match=rf'did not meet at 127.0.0.1:{port}.*PORT=N'):
                init_processes('pytorch', {'dist_cfg': {'timeout': 1}})

    def test_leave(self, tmp_path):
        leave_processes()  # there may be no group
        store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
        torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
        leave_processes()
        assert not torch.distributed.is_initialized()

    def test_slurm_on_several_nodes(self, tmp_path, monkeypatch):
        scontrol = tmp_path / 'scontrol'
        scontrol.write_text('#!/bin/sh\n[ "$3" = "node[3-4]" ] && echo node3 && echo node4\n')
        scontrol.chmod(0o755)
        monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
        assert slurm_environment(SLURM) == {
            'RANK': '5',
            'WORLD_SIZE': '8',
            'LOCAL_RANK': str(1 % (torch.cuda.device_count() or 8)),
            'MASTER_ADDR': 'node3',
            'MASTER_PORT': str(20000 + 123456 % 20000),
        }

    def test_slurm_keeps_what_is_given(self):
        got = slurm_environment({**SLURM, 'MASTER_ADDR': 'here', 'MASTER_PORT': '7'})
        assert (got['MASTER_ADDR'], got['MASTER_PORT']) == ('here', '7')

    def test_slurm_on_one_node(self):
        assert slurm_environment({**SLURM, 'SLURM_NNODES': '1'})['MASTER_ADDR'] == '127.0.0.1'

    def test_slurm_without_its_tools(self, monkeypatch):
        monkeypatch.setenv('PATH', '')
        with pytest.raises(ValueError, match='set MASTER_ADDR'):
            slurm_environment(SLURM)
        with pytest.raises(ValueError, match=r'start through tools/slurm_train\.sh'):
            slurm_environment({})

    def test_slurm_scripts_pass_everything_on(self, tmp_path, monkeypatch):
        echo(tmp_path / 'srun')
        monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
        for script, gpus in (('train', '4'), ('test', '0')):
            monkeypatch.setenv('GPUS', gpus)
            arguments = ['part', 'job', 'c.py', '--seed', '3']
            lines = printed(REPOSITORY / f'tools/slurm_{script}.sh', *arguments)
            tool = str(REPOSITORY / f'tools/{script}.py')
            assert lines[-6:] == [tool, *arguments[2:], '--launcher', 'slurm']
            assert ('--gres' in lines) == (gpus != '0')

    @pytest.mark.parametrize('checkpoint', [[], ['a.pth']])
    def test_dist_scripts_pass_everything_on(self, tmp_path, monkeypatch, checkpoint):
        for name, value in (('NNODES', 2), ('NODE_RANK', 1), ('MASTER_ADDR', 'n'), ('PORT', 7)):
            monkeypatch.setenv(name, str(value))
        monkeypatch.setenv('PYTHON', str(echo(tmp_path / 'python')))
        lines = printed(REPOSITORY / 'tools/dist_test.sh', 'c.py', *checkpoint, 4, '--tta')
        run = '-m mmwsss.torchrun --nnodes 2 --node_rank 1 --master_addr n --master_port 7'
        assert lines == [
            *run.split(),
            *('--nproc_per_node', '4', f'{REPOSITORY}/tools/test.py', 'c.py'),
            *checkpoint,
            *('--launcher', 'pytorch', '--tta'),
        ]
        if not checkpoint:
            lines = printed(REPOSITORY / 'tools/dist_train.sh', 'c.py', 4, '--amp')
            tool = f'{REPOSITORY}/tools/train.py'
            assert lines[-5:] == [tool, 'c.py', '--launcher', 'pytorch', '--amp']

    def test_jobs_on_one_machine_take_free_ports(self, tmp_path, monkeypatch):
        for name in ('NNODES', 'PORT'):
            monkeypatch.delenv(name, raising=False)
        python = tmp_path / 'python'
        python.write_text(
            f'#!/bin/sh\n[ "$1" = -c ] && exec "{sys.executable}" "$@"\nprintf "%s\\n" "$@"\n'
        )
        python.chmod(0o755)
        monkeypatch.setenv('PYTHON', str(python))
        ports = set()
        for script in ('dist_train.sh', 'dist_test.sh'):
            lines = printed(REPOSITORY / 'tools' / script, 'c.py', 2)
            ports.add(int(lines[lines.index('--master_port') + 1]))
        assert len(ports) == 2 and 29500 not in ports
        monkeypatch.setenv('NNODES', '2')
        lines = printed(REPOSITORY / 'tools/dist_train.sh', 'c.py', 2)
        assert lines[lines.index('--master_port') + 1] == '29500'


def environment(python: str = sys.executable) -> dict[str, str]:
    return {
        **os.environ,
        'PYTHONPATH': str(REPOSITORY),
        'PYTHON': python,
        'PORT': str(free_port()),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def start(*command: object, python: str = sys.executable) -> subprocess.Popen:
    return subprocess.Popen(
        [str(part) for part in command],
        env=environment(python),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen, timeout: float = 240) -> str:
    try:
        return process.communicate(timeout=timeout)[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    runner = make_runner(tmp_path_factory.mktemp('uninterrupted'))
    runner.train()
    return Path(runner.work_dir)


def assert_equals_uninterrupted(folder: Path, uninterrupted: Path) -> None:
    make_runner(folder, resume='auto').train()
    assert not list((folder / 'run').glob('.*.tmp'))
    for file in uninterrupted.glob('*.pth'):
        got, wanted = load_checkpoint(folder / 'run' / file.name), load_checkpoint(file)
        assert difference(got, wanted) == []


@pytest.mark.slow
def test_killed_while_training(tmp_path, uninterrupted, warm_python):
    config = write_config(tmp_path, "custom_hooks += [dict(type='SlowDown', seconds=0.5)]\n")
    process = start(warm_python, 'tools/train.py', config, '--work-dir', tmp_path / 'run')
    deadline = time.monotonic() + 120
    while not (tmp_path / 'run/epoch_2.pth').exists() and time.monotonic() < deadline:
        time.sleep(0.05)
        assert process.poll() is None, finish(process)
    os.kill(writer_of(tmp_path / 'run'), signal.SIGKILL)
    finish(process)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / 'run/epoch_4.pth').exists()
    assert_equals_uninterrupted(tmp_path, uninterrupted)


@pytest.mark.slow
def test_killed_while_a_checkpoint_is_written(tmp_path, uninterrupted, warm_python):
    config = write_config(
        tmp_path, "custom_hooks += [dict(type='KillWhileWriting', name='epoch_3.pth')]\n"
    )
    process = start(warm_python, 'tools/train.py', config, '--work-dir', tmp_path / 'run')
    output = finish(process)
    assert process.returncode == -signal.SIGKILL, output
    assert list((tmp_path / 'run').glob('.epoch_3.pth.*.tmp'))
    assert (tmp_path / 'run/last_checkpoint').read_text().endswith('epoch_2.pth')
    assert_equals_uninterrupted(tmp_path, uninterrupted)


@pytest.mark.slow
def test_two_processes(tmp_path, warm_python):
    """Resume a run of one process on two, over gloo: the total batch stays."""
    shared = 'batch = dict(published=4)\ntrain_dataloader.pop("batch_size")\n'
    make_runner(tmp_path, shared + 'train_cfg.update(max_epochs=2)\n').train()
    config = write_config(tmp_path, shared)
    process = start(
        *('bash', 'tools/dist_train.sh', config, 2, '--work-dir', tmp_path / 'run', '--resume'),
        python=warm_python,
    )
    output = finish(process)
    assert process.returncode == 0, output
    assert 'resumed epoch: 2' in output
    assert 'saved by 1 processes and is resumed by 2: random numbers start anew' in output
    checkpoint = load_checkpoint(tmp_path / 'run/epoch_4.pth')
    assert len(checkpoint['mmwsss_resume']['rng']) == 2
    assert 'total batch 4 = 2 process(es) x 2' in output
    assert checkpoint['meta']['iter'] == 4 * 3


def test_options_name_items_of_lists_by_their_type_and_are_spelled_rightly(tmp_path):
    shapes = REPOSITORY / 'configs/cam/cam_r18_shapes.py'
    options = {'train_dataloader.dataset.pipeline.RandomFlip.prob': 0.25}
    pipeline = load_config(shapes, cfg_options=options).train_dataloader.dataset.pipeline
    assert [step.prob for step in pipeline if step.type == 'RandomFlip'] == [0.25]
    config = write_config(tmp_path)
    with pytest.raises(KeyError, match="there is no 'max_epoch' in train_cfg, did you mean 'max_"):
        load_config(config, cfg_options={'train_cfg.max_epoch': 3})


def test_tools_end_in_a_message(tmp_path, monkeypatch, capsys):
    config = write_config(tmp_path)
    arguments = [str(config), 'no.pth', '--work-dir', str(tmp_path / 'run')]
    monkeypatch.setattr(sys, 'argv', ['test.py', *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(REPOSITORY / 'tools/test.py'), run_name='__main__')
    assert stop.value.code == 1
    assert capsys.readouterr().err.endswith('error: checkpoint no.pth does not exist\n')
    monkeypatch.setattr(sys, 'argv', ['test.py', str(config), str(tmp_path)])
    with pytest.raises(SystemExit):
        runpy.run_path(str(REPOSITORY / 'tools/test.py'), run_name='__main__')
    assert 'no folder of a training, for it has no last_checkpoint' in capsys.readouterr().err
