"""A store stage: written, resumed, bad input survived, scored from what is on disk."""

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmwsss.datasets import VOCTaggedDataset
from mmwsss.engine import StageFailed, build_runner, load_config
from mmwsss.stores import StoreMeta, StoreMismatch, create_store, open_store
from tests.test_engine import toy  # noqa: F401 registers ToyIdentity
from tests.test_engine.runs import writer_of
from tests.test_engine.test_loops.toy_stage import CONFIG

REPOSITORY = Path(__file__).parents[3]
BASE = str(REPOSITORY / 'configs/_base_/default_runtime.py')
VOC_CLASSES = VOCTaggedDataset.METAINFO['classes'][1:]
_names = itertools.count()


def write_config(folder, root, workers=0, extra=''):
    path = folder / 'stage.py'
    path.write_text(CONFIG.format(base=BASE, root=str(root), workers=workers) + extra)
    return path


def run(folder, root, options=None, **kwargs):
    """Run the stage in this process; its metrics."""
    cfg = load_config(
        write_config(folder, root, **kwargs), work_dir=str(folder / 'out'), cfg_options=options
    )
    cfg.experiment_name = f'store{next(_names)}'
    return build_runner(cfg).test()


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != 'meta.json'}


def test_a_stage_writes_and_scores_its_store(tmp_path, tiny_voc):
    metrics = run(tmp_path, tiny_voc)
    store = open_store(tmp_path / 'out/scores', 'scores')
    assert len(store) == 4
    assert len(store['2007_000004'].classes) == 0
    assert store.meta.classes[0] == 'aeroplane'
    assert store.meta.protocol['gain'] == 1.0
    written = json.loads((tmp_path / 'out/metrics.json').read_text())
    assert written['seeds/mIoU'] == pytest.approx(metrics['seeds/mIoU'])
    assert written['protocol']['scored'] == 3
    assert written['protocol']['images'] == 4


@pytest.mark.parametrize('kind', ['masks', 'proposals', 'prompts'])
def test_what_the_model_does_not_give(tmp_path, tiny_voc, kind):
    message = rf"test_cfg.kind is '{kind}', but BrightnessSeeds writes 'scores': set test_cfg.kind"
    with pytest.raises(StageFailed, match=message):
        run(tmp_path, tiny_voc, {'test_cfg.kind': kind, 'test_evaluator': []})


def test_what_is_read_back_is_scored(tmp_path, tiny_voc):
    """Another content on disk gives other numbers, without running the model again."""
    run(tmp_path, tiny_voc)
    store = open_store(tmp_path / 'out/scores')
    seeds = store['2007_000001']
    mask = np.zeros(seeds.size, np.float32)
    mask[4:12, 4:12] = 1
    for id in ('2007_000001', '2007_000002', '2007_000003'):
        seeds = store[id]
        own = np.zeros((len(seeds.classes), *seeds.size), np.float32)
        own[0, 4:12, 4:12] = own[-1, 12:20, 12:20] = 1
        store.write(id, type(seeds)(seeds.classes, own))
    metrics = run(tmp_path, tiny_voc)
    assert metrics['seeds/mIoU'] > 60


def test_only_what_is_missing_or_broken_is_done_again(tmp_path, tiny_voc):
    run(tmp_path, tiny_voc)
    folder = tmp_path / 'out/scores'
    before = contents(folder)
    times = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    (folder / '2007_000001.npz').unlink()
    (folder / '2007_000002.npz').write_bytes(b'PK rubbish')
    (folder / '.2007_000003.npz.99.tmp').touch()
    run(tmp_path, tiny_voc)
    assert contents(folder) == before
    same = {p.name for p in folder.iterdir() if p.stat().st_mtime_ns == times[p.name]}
    assert {'2007_000003.npz', '2007_000004.npz'} <= same


def test_a_bad_photo_does_not_cost_the_others(tmp_path, tiny_voc):
    photo = tiny_voc / 'JPEGImages/2007_000002.jpg'
    data = photo.read_bytes()
    photo.write_bytes(data[: len(data) // 2])
    with pytest.raises(StageFailed, match=r'1 of 4 images could not be processed') as error:
        run(tmp_path, tiny_voc, workers=1)
    assert '2007_000002' in str(error.value)
    store = open_store(tmp_path / 'out/scores')
    assert list(store) == ['2007_000001', '2007_000003', '2007_000004']
    assert json.loads((tmp_path / 'out/metrics.json').read_text())['protocol']['scored'] == 2
    photo.write_bytes(data)
    run(tmp_path, tiny_voc)
    assert len(store) == 4


def test_a_mistake_of_the_config_is_no_bad_photo(tmp_path, tiny_voc):
    """It would fail for each photo; the first one stops the stage, and the step is named."""
    extra = "test_dataloader['dataset']['pipeline'].insert(1, dict(type='MaskPairLabels'))\n"
    message = (
        r'test_dataloader\.dataset\.pipeline\[1\] \(MaskPairLabels\): ValueError at image '
        r"'2007_000001': no pseudo_mask to make labels of: put dict\(type='LoadPseudoMask'"
    )
    for workers in (0, 1):
        with pytest.raises(StageFailed, match=message):
            run(tmp_path, tiny_voc, workers=workers, extra=extra)


def test_a_mistake_that_the_model_meets(tmp_path, tiny_voc):
    with pytest.raises(StageFailed, match='model: scores must lie in'):
        run(tmp_path, tiny_voc, {'model.offset': 2.0})


def test_the_same_error_at_all_of_the_first_images(tmp_path, tiny_voc, monkeypatch):
    monkeypatch.setattr('mmwsss.engine.loops.store_loop.FIRST', 2)
    empty = create_store(tmp_path / 'empty', StoreMeta('scores', VOC_CLASSES, 'x'))
    step = f"dict(type='LoadSeeds', store={str(empty.folder)!r})"
    extra = f"test_dataloader['dataset']['pipeline'].insert(1, {step})\n"
    message = r'pipeline\[1\] \(LoadSeeds\): the first 2 images fail in the same way.*\n.*_000001'
    with pytest.raises(StageFailed, match=message):
        run(tmp_path, tiny_voc, extra=extra)
    # Where something is done, bad ones are left out one by one.
    run(tmp_path, tiny_voc, {'test_cfg.overwrite': True})
    for number in (1, 2):
        (tmp_path / f'out/scores/2007_00000{number}.npz').unlink()
        (tiny_voc / f'JPEGImages/2007_00000{number}.jpg').write_bytes(b'no photo')
    with pytest.raises(StageFailed, match='2 of 4 images could not be processed'):
        run(tmp_path, tiny_voc)


def test_a_model_is_asked_what_it_writes(tmp_path, tiny_voc):
    with pytest.raises(StageFailed, match=r"kind is 'masks', but BrightnessSeeds writes 'scores'"):
        run(tmp_path, tiny_voc, {'test_cfg.kind': 'masks', 'test_evaluator': []})
    with pytest.raises(StageFailed, match=r"ToyIdentity writes 'masks'.*derive it from mmwsss"):
        extra = "model = dict(type='ToyIdentity')\n"
        run(tmp_path, tiny_voc, extra=extra)


def test_another_config_is_refused_with_both_named(tmp_path, tiny_voc):
    run(tmp_path, tiny_voc)
    with pytest.raises(StoreMismatch, match='--overwrite'):
        run(tmp_path, tiny_voc, {'model.gain': 0.5})
    run(tmp_path, tiny_voc, {'model.gain': 0.5, 'test_cfg.overwrite': True})
    assert open_store(tmp_path / 'out/scores').meta.protocol['gain'] == 0.5


def test_full_disk_ends_the_stage_and_keeps_what_is_done(tmp_path, tiny_voc, monkeypatch):
    real, written = os.fsync, []

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, 'No space left on device')
        real(descriptor)

    monkeypatch.setattr('mmwsss.stores.atomic.os.fsync', fsync)
    with pytest.raises(StageFailed, match=r'2007_00000\d\.npz: cannot be written.*No space left'):
        run(tmp_path, tiny_voc)
    monkeypatch.undo()
    assert len(open_store(tmp_path / 'out/scores')) == 2
    assert not list((tmp_path / 'out/scores').glob('.*'))
    run(tmp_path, tiny_voc)


def test_a_list_to_score(tmp_path, tiny_voc):
    listed = tmp_path / 'some.txt'
    listed.write_text('2007_000001\n2007_000004\n')
    run(tmp_path, tiny_voc, {'test_cfg.eval_ann_file': str(listed)})
    assert json.loads((tmp_path / 'out/metrics.json').read_text())['protocol']['scored'] == 1


def test_without_masks_nothing_is_scored(tmp_path, tiny_voc):
    options = {'test_dataloader.dataset.data_prefix.seg_map_path': ''}
    assert run(tmp_path, tiny_voc, options) == {}
    assert len(open_store(tmp_path / 'out/scores')) == 4


def start(config, out, processes=1, port=29611, python=sys.executable):
    """The stage as a command."""
    command = [python]
    if processes > 1:
        command += ['-m', 'torch.distributed.run', f'--nproc_per_node={processes}']
        command += [f'--master_port={port}']
    command += ['tools/test.py', str(config), '--work-dir', str(out)]
    if processes > 1:
        command += ['--launcher', 'pytorch']
    environment = {**os.environ, 'PYTHONPATH': str(REPOSITORY), 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


@pytest.mark.slow
def test_two_processes_give_the_same_as_one(tmp_path, tiny_voc, warm_python):
    config = write_config(tmp_path, tiny_voc)
    code, output = finish(start(config, tmp_path / 'two', 2, python=warm_python))
    assert code == 0, output
    alone = run(tmp_path, tiny_voc)
    assert contents(tmp_path / 'two/scores') == contents(tmp_path / 'out/scores')
    both = json.loads((tmp_path / 'two/metrics.json').read_text())
    assert {key: both[key] for key in alone} == pytest.approx(alone, nan_ok=True)


@pytest.mark.slow
def test_killed_and_run_again_ends_with_the_same_store(tmp_path, tiny_voc, warm_python):
    config = write_config(tmp_path, tiny_voc, extra='model.update(seconds=0.5)\n')
    process = start(config, tmp_path / 'out', python=warm_python)
    folder = tmp_path / 'out/scores'
    deadline = time.time() + 100
    while time.time() < deadline and not list(folder.glob('2007*.npz')):
        time.sleep(0.05)
    os.killpg(writer_of(folder), signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = len(list(folder.glob('2007*.npz')))
    assert 0 < left < 4
    cfg = load_config(config, work_dir=str(tmp_path / 'out'))
    cfg.experiment_name = f'store{next(_names)}'
    build_runner(cfg).test()
    cfg = load_config(config, work_dir=str(tmp_path / 'whole'))
    cfg.experiment_name = f'store{next(_names)}'
    build_runner(cfg).test()
    assert contents(folder) == contents(tmp_path / 'whole/scores')


def test_an_entry_that_vanishes_while_the_stage_runs_is_missed(tmp_path, tiny_voc, monkeypatch):
    from mmwsss.stores import ScoreStore

    write = ScoreStore.write

    def lossy(self, id, value):
        write(self, id, value)
        if id == '2007_000001':
            self.path(id).unlink()
        if id == '2007_000002':
            self.path(id).write_bytes(b'PK')

    monkeypatch.setattr(ScoreStore, 'write', lossy)
    with pytest.raises(StageFailed, match=r'2 of 4 images(.|\n)*000001: its entry was deleted'):
        run(tmp_path, tiny_voc)
    monkeypatch.undo()
    run(tmp_path, tiny_voc)
    assert len(open_store(tmp_path / 'out/scores')) == 4


@pytest.mark.slow
def test_a_second_run_is_refused_while_the_first_writes(tmp_path, tiny_voc, warm_python):
    config = write_config(tmp_path, tiny_voc, extra='model.update(seconds=0.5)\n')
    first = start(config, tmp_path / 'out', python=warm_python)
    lock, deadline = tmp_path / 'out/.scores.lock', time.time() + 100
    while time.time() < deadline and not lock.exists():
        time.sleep(0.05)
    assert lock.exists()
    writer = writer_of(tmp_path / 'out/scores')
    os.kill(writer, signal.SIGSTOP)
    code, output = finish(start(config, tmp_path / 'out', python=warm_python))
    assert code != 0
    assert f'process {writer} on' in output
    assert 'is writing to it' in output
    assert 'Traceback' not in output
    os.kill(writer, signal.SIGCONT)
    code, output = finish(first)
    assert code == 0, output
    assert not lock.exists()


@pytest.mark.slow
def test_a_message_instead_of_a_traceback(tmp_path, tiny_voc, warm_python):
    (tiny_voc / 'JPEGImages/2007_000003.jpg').write_bytes(b'no photo')
    config = write_config(tmp_path, tiny_voc)
    code, output = finish(start(config, tmp_path / 'out', python=warm_python))
    assert code == 1
    assert '2007_000003' in output
    assert 'Traceback' not in output
