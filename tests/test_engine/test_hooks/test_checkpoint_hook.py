"""Checkpoints that survive kills and full disks, and resume exactly."""

import errno
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmwsss.engine import StageFailed
from mmwsss.engine.checkpoint_io import CheckpointError, load_checkpoint
from mmwsss.stores import atomic
from tests.test_engine.runs import difference, make_runner


class Killed(Exception):
    """Ends a run as abruptly as this process allows."""


class Kill(Hook):
    """Raise at a point of the run."""

    priority = 'LOWEST'

    def __init__(self, point, epoch):
        self.point, self.epoch = point, epoch

    def get_triggered_stages(self):
        return [self.point]

    def __getattribute__(self, name):
        if name == object.__getattribute__(self, '__dict__').get('point'):
            return self.strike
        return object.__getattribute__(self, name)

    def strike(self, runner, *args, batch_idx=1, **kwargs):
        if runner.epoch == self.epoch and batch_idx == 1:
            raise Killed


def final(folder: Path, text: str, name: str, **kwargs):
    runner = make_runner(folder, text, name, **kwargs)
    runner.train()
    return runner


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    """Final checkpoints of runs that nobody disturbed, by their config's extra lines."""
    folder, runs = tmp_path_factory.mktemp('uninterrupted'), {}

    def get(text: str) -> Path:
        if text not in runs:
            runs[text] = Path(final(folder, text, f'run{len(runs)}').work_dir)
        return runs[text]

    return get


LESS = "default_hooks['checkpoint']['rule'] = param_scheduler[1]['rule'] = 'less'\n"
SEVERAL = (
    "default_hooks['checkpoint'].update(save_best=['size', 'images'], rule=['greater', 'less'])\n"
)
SPARSE = 'train_cfg.update(val_interval=2)\n'
WORKERS = 'train_dataloader.update(num_workers=1, persistent_workers=True)\n'
EXACT = "train_dataloader['dataset']['noise'] = 0.0\n"


@pytest.mark.parametrize(
    ('point', 'epoch', 'text'),
    [
        ('before_train_iter', 2, ''),  # within an epoch
        ('before_val', 2, ''),  # the checkpoint is saved, its validation is due
        ('after_val', 2, ''),  # the best checkpoint is saved, the validation done
        ('before_val', 2, LESS),  # validation does not find a better one
        ('after_val', 2, LESS),
        ('before_val', 4, ''),  # the last validation of the run
        ('before_train_iter', 3, SPARSE),  # no validation is due
        ('before_train_iter', 2, WORKERS + EXACT),
        ('before_val', 3, SEVERAL),
    ],
)
def test_killed_and_resumed_equals_uninterrupted(tmp_path, uninterrupted, point, epoch, text):
    expected = uninterrupted(text)
    runner = make_runner(tmp_path, text)
    runner.register_hook(Kill(point, epoch))
    with pytest.raises(Killed):
        runner.train()
    torch.rand(17)
    resumed = final(tmp_path, text, 'run', resume='auto')
    files = sorted(file.name for file in expected.glob('*.pth'))
    assert sorted(file.name for file in Path(resumed.work_dir).glob('*.pth')) == files
    assert [file for file in files if file[:5] == 'epoch'] == ['epoch_3.pth', 'epoch_4.pth']
    for file in files:
        got, wanted = (load_checkpoint(folder / file) for folder in (tmp_path / 'run', expected))
        assert difference(got, wanted) == []


def test_a_resume_says_what_has_changed_since(tmp_path):
    def warnings(text, **options):
        runner, said = make_runner(tmp_path, text, resume='auto', **options), []
        runner.logger.warning = said.append
        runner.train()
        return [line for line in said if 'config has changed' in line]

    runner = make_runner(tmp_path, '')
    runner.register_hook(Kill('before_train_iter', 2))
    with pytest.raises(Killed):
        runner.train()
    assert warnings('') == []
    (line,) = warnings("train_cfg['max_epochs'] = 5\n", seed=9)
    assert 'train_cfg.max_epochs: 4 -> 5' in line and 'randomness.seed: ' in line


@pytest.mark.parametrize('seed', [9, None])
def test_a_resume_keeps_the_seed_of_the_checkpoint(tmp_path, uninterrupted, seed):
    """Also in the order of the photos, whose sampler was made before the checkpoint was read."""
    runner = make_runner(tmp_path)
    runner.register_hook(Kill('before_train_iter', 2))
    with pytest.raises(Killed):
        runner.train()
    resumed = final(tmp_path, f'randomness = dict(seed={seed})\n', 'run', resume='auto')
    got, wanted = (
        load_checkpoint(folder / 'epoch_4.pth') for folder in (tmp_path / 'run', uninterrupted(''))
    )
    assert difference(got, wanted) == [] and resumed.train_dataloader.sampler.seed == 0


def test_validation_does_not_change_training(uninterrupted):
    often, sparse = (
        load_checkpoint(uninterrupted(text) / 'epoch_3.pth')['mmwsss_resume']['rng'][0]
        for text in ('', SPARSE)
    )
    assert difference(often, sparse) == []


def test_checkpoints_are_weights_only(uninterrupted):
    """Also with a message hub, OneCycleLR, EMA and a best score in them."""
    folder = uninterrupted('')
    for file in folder.glob('*.pth'):
        checkpoint = torch.load(file, weights_only=True)
        assert 'ema_state_dict' in checkpoint
    info = load_checkpoint(folder / 'epoch_4.pth')['message_hub']['runtime_info']
    assert info['best_ckpt'] == str(folder / 'best_size_epoch_4.pth')
    assert (folder / 'last_checkpoint').read_text() == str(folder / 'epoch_4.pth')


def test_iteration_based_training_resumes(tmp_path):
    text = (
        'train_cfg = dict(by_epoch=False, max_iters=6, val_interval=2)\n'
        'log_processor = dict(by_epoch=False)\n'
        "default_hooks['checkpoint'].update(by_epoch=False, interval=2)\n"
        "train_dataloader['sampler'] = dict(type='InfiniteSampler')\n"
    )
    runner = make_runner(tmp_path, text)

    class KillAtFive(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 5:
                raise Killed

    runner.register_hook(KillAtFive())
    with pytest.raises(Killed):
        runner.train()
    resumed = final(tmp_path, text, 'run', resume='auto')
    assert resumed.iter == 6
    assert {file.name for file in (tmp_path / 'run').glob('iter_*.pth')} == {
        'iter_4.pth',
        'iter_6.pth',
    }


def full_disk(monkeypatch, after: int):
    """Let ``after`` checkpoints through, then fail half-way."""
    fsync = atomic.os.fsync
    calls = iter(range(1000))

    def fail(descriptor):
        if next(calls) >= after:
            raise OSError(errno.ENOSPC, 'No space left on device')
        fsync(descriptor)

    monkeypatch.setattr(atomic.os, 'fsync', fail)


@pytest.mark.parametrize('after', [6, 7, 8])  # the epoch's, the best one, the pointer
def test_a_full_disk_keeps_the_old_checkpoints(tmp_path, monkeypatch, after):
    runner = make_runner(tmp_path)
    full_disk(monkeypatch, after)
    with pytest.raises(StageFailed, match=r'No space left.*older ones are still there'):
        runner.train()
    monkeypatch.undo()
    left = {file.name for file in (tmp_path / 'run').glob('*.pth')}
    assert 'epoch_1.pth' in left
    assert 'best_size_epoch_1.pth' in left
    assert not list((tmp_path / 'run').glob('.*.tmp'))
    assert final(tmp_path, '', 'run', resume='auto').epoch == 4


def test_resume_from_best_is_refused(tmp_path, uninterrupted):
    best = uninterrupted('') / 'best_size_epoch_4.pth'
    with pytest.raises(CheckpointError, match='no optimizer state'):
        final(tmp_path, '', 'run', resume=str(best))


def test_unknown_option_is_refused(tmp_path):
    with pytest.raises(StageFailed, match="no option 'intervall', did you mean 'interval'"):
        make_runner(tmp_path, "default_hooks['checkpoint']['intervall'] = 2\n").train()


def test_published_checkpoint(tmp_path):
    text = "default_hooks['checkpoint']['published_keys'] = ['meta', 'state_dict']\n"
    runner = final(tmp_path, text + 'train_cfg.update(max_epochs=1)\n', 'run')
    (file,) = Path(runner.work_dir).glob('epoch_1-*.pth')
    assert set(torch.load(file, weights_only=True)) == {'meta', 'state_dict'}


def test_objects_without_a_plain_form_are_left_out_and_named(tmp_path):
    runner = make_runner(tmp_path, 'train_cfg.update(max_epochs=1)\n')
    runner.message_hub.update_info('odd', Killed())
    warnings = []
    runner.logger.warning = warnings.append
    runner.train()
    assert any('runtime_info.odd: Killed' in text for text in warnings)
    info = load_checkpoint(tmp_path / 'run/epoch_1.pth')['message_hub']['runtime_info']
    assert 'odd' not in info
