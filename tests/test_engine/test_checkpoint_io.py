"""Reading checkpoints without running them."""

import os
import sys

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmwsss.engine import checkpoint_io
from mmwsss.engine.checkpoint_io import CheckpointError, find_resumable, load_checkpoint
from mmwsss.engine.plain import to_plain


class Evil:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return os.putenv, ('MMWSSS_EVIL', '1')


@pytest.fixture
def trusted():
    checkpoint_io.trust_checkpoints()
    yield
    checkpoint_io.trust_checkpoints(False)


def test_weights_and_plain_objects_are_read(tmp_path):
    file = tmp_path / 'a.pth'
    plain, _ = to_plain({'state_dict': {'w': torch.ones(2)}, 'hub': HistoryBuffer([1], [1])})
    torch.save(plain, file)
    checkpoint = load_checkpoint(file)
    assert checkpoint['hub'].mean() == 1
    assert torch.equal(checkpoint['state_dict']['w'], torch.ones(2))


def test_anything_else_needs_trust(tmp_path):
    file = tmp_path / 'a.pth'
    torch.save({'hub': HistoryBuffer([1], [1])}, file)
    with pytest.raises(CheckpointError, match=r'HistoryBuffer.*--trust-checkpoint'):
        load_checkpoint(file)


def test_trust_is_explicit(tmp_path, trusted):
    file = tmp_path / 'a.pth'
    torch.save({'hub': HistoryBuffer([1], [1])}, file)
    assert load_checkpoint(file)['hub'].mean() == 1


@pytest.mark.parametrize('switch', [None, '1'])
def test_every_loader_of_mmengine_is_safe(tmp_path, monkeypatch, switch):
    """Also downloads, which torch.hub unpickles at large, and whatever the environment says."""
    if switch:
        monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', switch)
    file = tmp_path / 'evil.pth'
    torch.save({'x': Evil()}, file)
    monkeypatch.setattr(torch.hub, 'download_url_to_file', lambda *a, **k: None)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    (tmp_path / 'checkpoints').mkdir()
    file.rename(tmp_path / 'checkpoints/evil.pth')
    for name in (str(tmp_path / 'checkpoints/evil.pth'), 'https://localhost/evil.pth'):
        with pytest.raises(CheckpointError, match=r'holds a posix\.putenv,.*--trust-checkpoint'):
            CheckpointLoader.load_checkpoint(name)
    of_mmengine = [x for x in CheckpointLoader._schemes.values() if 'mmengine' in x.__module__]
    assert of_mmengine
    assert all(hasattr(loader, '_safe') for loader in of_mmengine)
    assert os.environ.get('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD') == switch
    assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ


@pytest.mark.parametrize(
    'damage',
    [
        lambda data: b'',
        lambda data: data[: len(data) // 2],
        lambda data: b'not a checkpoint' * 10,
        lambda data: data[:-40] + bytes(40),
    ],
)
def test_damaged_files_are_named(tmp_path, damage):
    file = tmp_path / 'a.pth'
    torch.save({'state_dict': {'w': torch.rand(1000)}}, file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(CheckpointError, match=r'a\.pth cannot be read: it is truncated, corrupt'):
        load_checkpoint(file)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'checkpoint .*no\.pth does not exist'):
        load_checkpoint(tmp_path / 'no.pth')


class TestFindResumable:
    @pytest.fixture
    def work_dir(self, tmp_path):
        for age, name in enumerate(['epoch_3-1234', 'epoch_3', 'epoch_2', 'best_miou_epoch_2']):
            file = tmp_path / f'{name}.pth'
            torch.save({'optimizer': {}} if name in ('epoch_2', 'epoch_3') else {}, file)
            os.utime(file, (10_000 - age, 10_000 - age))
        (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_3.pth'))
        return tmp_path

    def test_the_last_one(self, work_dir):
        assert find_resumable(work_dir) == (work_dir / 'epoch_3.pth', [])

    def test_falls_back_to_the_newest_readable(self, work_dir):
        (work_dir / 'epoch_3.pth').write_bytes(b'half')
        file, passed_over = find_resumable(work_dir)
        assert file == work_dir / 'epoch_2.pth'
        assert len(passed_over) == 1
        assert 'epoch_3.pth' in passed_over[0]

    @pytest.mark.parametrize('pointer', ['', '/moved/away/epoch_3.pth', None])
    def test_without_a_good_pointer(self, work_dir, pointer):
        file = work_dir / 'last_checkpoint'
        file.unlink() if pointer is None else file.write_text(pointer)
        assert find_resumable(work_dir) == (work_dir / 'epoch_3.pth', [])

    def test_checkpoints_in_another_folder(self, work_dir, tmp_path_factory):
        other = tmp_path_factory.mktemp('run')
        (other / 'last_checkpoint').write_text(str(work_dir / 'epoch_3.pth'))
        assert find_resumable(other) == (work_dir / 'epoch_3.pth', [])

    def test_nothing(self, tmp_path):
        assert find_resumable(tmp_path / 'new') == (None, [])


def test_importing_twice_wraps_once():
    before = dict(CheckpointLoader._schemes)
    checkpoint_io.register_loaders()
    assert before == dict(CheckpointLoader._schemes)
    assert 'mmwsss.engine.checkpoint_io' in sys.modules
