"""The runner where mmengine's would not do."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.model import is_model_wrapper
from mmengine.registry import DefaultScope
from torch import nn

from mmwsss.engine.checkpoint_io import CheckpointError
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.hooks import CheckpointHook
from mmwsss.engine.wrappers import PassThrough
from mmwsss.stores.errors import FolderBusy
from tests.test_engine.runs import make_runner
from tests.test_engine.toy import ToyIdentity, ToyModel

ONE_EPOCH = 'train_cfg.update(max_epochs=1)\n'


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A process group of one, on the CPU."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
    torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_models_are_wrapped_for_this_machine(tmp_path, group):
    runner = make_runner(tmp_path, launcher='pytorch')
    wrapped = runner.wrap_model(None, ToyModel())
    assert wrapped.device_ids is None
    for model in (ToyIdentity(), ToyModel(trainable=False)):
        wrapped = runner.wrap_model(None, model)
        assert type(wrapped) is PassThrough
        assert is_model_wrapper(wrapped)
        assert wrapped.module is model
    with pytest.raises(ValueError, match='ToyIdentity has no parameter'):
        runner.wrap_model(None, ToyIdentity()).train_step({}, None)


@pytest.mark.skipif(torch.cuda.is_available(), reason='SyncBN is fine on GPUs')
def test_sync_batchnorm_is_reverted_on_cpus(tmp_path, group):
    runner = make_runner(tmp_path, launcher='pytorch')
    model = ToyModel()
    model.net[1] = nn.SyncBatchNorm(8)
    assert not isinstance(runner.wrap_model(None, model).module.net[1], nn.SyncBatchNorm)


def test_weights_that_a_config_leaves_open(tmp_path):
    runner = make_runner(tmp_path)
    runner.model.net[0].init_cfg = dict(type='Pretrained', checkpoint=None)
    key = r'model\.net\.0\.init_cfg'
    with pytest.raises(StageFailed, match=rf'{key}\.checkpoint is None: .* {key}\.checkpoint=FILE'):
        runner.train()


def test_a_second_training_in_the_same_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('mmwsss.stores.locking._PATIENCE', 0.1)
    runner = make_runner(tmp_path, ONE_EPOCH)
    code = (
        'import sys, time; from mmwsss.stores.locking import FolderLock; '
        'lock = FolderLock(sys.argv[1]); print(1, flush=True); time.sleep(60)'
    )
    other = subprocess.Popen(
        [sys.executable, '-c', code, runner.work_dir], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == '1\n'
        with pytest.raises(FolderBusy, match=f'process {other.pid} on .* is writing to it'):
            runner.train()
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    make_runner(tmp_path, ONE_EPOCH).train()


def test_resume_falls_back_to_the_newest_readable(tmp_path):
    runner = make_runner(tmp_path, 'train_cfg.update(max_epochs=2)\n')
    runner.train()
    last = Path(runner.work_dir) / 'epoch_2.pth'
    last.write_bytes(last.read_bytes()[:1000])
    resumed = make_runner(tmp_path, resume='auto')
    warnings = []
    resumed.logger.warning = warnings.append
    resumed.train()
    assert any('passes over' in text and 'epoch_2.pth' in text for text in warnings)
    assert resumed._load_from.endswith('epoch_1.pth')
    assert resumed.epoch == 4


def test_resume_without_any_readable_checkpoint(tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/epoch_1.pth').write_bytes(b'half')
    with pytest.raises(CheckpointError, match=r'no checkpoint in .* can be read.*epoch_1\.pth'):
        make_runner(tmp_path, ONE_EPOCH, resume='auto').train()


def test_resume_of_nothing_starts_anew(tmp_path):
    runner = make_runner(tmp_path, ONE_EPOCH, resume='auto')
    runner.train()
    assert runner.epoch == 1


@pytest.mark.parametrize('hooks', [None, {'checkpoint': {'type': 'CheckpointHook'}}])
def test_checkpoints_are_safe_in_any_scope(tmp_path, hooks):
    runner = make_runner(tmp_path)
    runner._hooks.clear()
    with DefaultScope.overwrite_default_scope('mmseg'):
        runner.register_default_hooks(hooks)
    assert CheckpointHook in map(type, runner.hooks)


def test_starting_workers_draws_nothing(tmp_path):
    runner = make_runner(tmp_path)
    loader = runner.build_dataloader(runner.cfg.val_dataloader, seed=3)
    before = torch.get_rng_state()
    iter(loader)
    assert torch.equal(torch.get_rng_state(), before)
    assert loader.generator.initial_seed() == 3
