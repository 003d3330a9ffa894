"""Sharing a total batch."""

import itertools
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader

from mmwsss.engine import StageFailed
from mmwsss.engine.batch import BatchPlan, cut_tail, plan_batch
from mmwsss.engine.checkpoint_io import load_checkpoint
from tests.test_engine.runs import make_runner


def plan(batch=None, batch_size=None, processes=1, images=None):
    return plan_batch(batch, batch_size=batch_size, processes=processes, images=images)


@pytest.mark.parametrize(
    ('batch', 'batch_size', 'processes', 'expected'),
    [
        (dict(published=8), None, 1, BatchPlan(8, 1, 8, 1, 8)),
        (dict(published=8), None, 4, BatchPlan(8, 4, 2, 1, 8)),
        (dict(published=8), 2, 4, BatchPlan(8, 4, 2, 1, 8)),
        (dict(published=8), 2, 1, BatchPlan(8, 1, 2, 4, 8)),
        (dict(published=16, at_once=2), None, 1, BatchPlan(16, 1, 2, 8, 16)),
        (dict(published=16, at_once=2), None, 16, BatchPlan(16, 16, 1, 1, 16)),
        (dict(published=10, at_once=4), None, 1, BatchPlan(10, 1, 2, 5, 10)),
        (dict(published=8, total=32), None, 4, BatchPlan(32, 4, 8, 1, 8)),
        (None, 4, 3, BatchPlan(12, 3, 4, 1)),
        (None, None, 2, BatchPlan(2, 2, 1, 1)),
    ],
)
def test_shares(batch, batch_size, processes, expected):
    assert plan(batch, batch_size, processes) == expected


@given(
    total=st.integers(1, 64),
    processes=st.integers(1, 9),
    most=st.integers(1, 20) | st.none(),
    images=st.integers(1, 100) | st.none(),
)
def test_nothing_is_lost(total, processes, most, images):
    try:
        got = plan(dict(published=total, at_once=most), None, processes, images)
    except StageFailed:
        assert total % processes or (images is not None and images < processes)
        return
    assert got.total == got.processes * got.at_once * got.parts == processes * got.per_process
    assert most is None or got.at_once <= most
    if images is None or images >= total:
        assert got.total == total and got.is_as_published
    else:
        assert images - processes < got.total <= images and not got.is_as_published


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(batch=dict(published=8), processes=3), '8 images cannot be shared evenly by 3'),
        (dict(batch=dict(published=8), processes=3), 'start 1, 2, 4 or 8 of them'),
        (dict(batch=dict(published=8), processes=3), 'batch.total=6 or batch.total=9'),
        (dict(batch=dict(published=1), processes=4), 'start 1 of them, .*batch.total=4'),
        (dict(batch=dict(published=8), batch_size=8, processes=4), 'batch of 32, .* states 8'),
        (dict(batch=dict(published=8), batch_size=3), '3 images at once do not divide the 8'),
        (dict(batch=dict(published=0)), 'batch.published is a whole number .* found 0'),
        (dict(batch=dict(total='8')), "batch.total is a whole number .* found '8'"),
        (dict(batch_size=0), 'train_dataloader.batch_size is a whole number .* found 0'),
        (dict(batch_size=-1), 'found -1'),
        (dict(batch=dict(size=8)), 'batch has no key size: its keys are published, total'),
        (dict(batch=dict(published=8), processes=4, images=3), '3 image.* 4 processes'),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(StageFailed, match=message):
        plan(**arguments)


def test_fewer_images_than_a_batch():
    got = plan(dict(published=16), None, 1, images=10)
    assert (got.total, got.wanted, got.at_once) == (10, 16, 10)
    assert 'not enough images for one of 16' in str(got)
    assert plan(dict(published=16), None, 4, images=10).total == 8
    assert plan(dict(published=16), None, 1, images=16).wanted is None
    assert plan(None, 16, 1, images=10) == BatchPlan(10, 1, 10, 1, None, 16)


def test_says_what_it_does():
    assert str(BatchPlan(8, 4, 2, 1, 8)) == 'total batch 8 = 4 process(es) x 2'
    text = str(BatchPlan(32, 1, 8, 4, 8))
    assert '8 at once in 4 parts whose gradients accumulate' in text
    assert text.endswith('published with 8')


@given(images=st.integers(1, 60), share=st.integers(1, 5), processes=st.integers(1, 4))
def test_all_processes_drop_the_same_images(images, share, processes):
    total = share * processes
    seen = []
    for rank in range(processes):
        sampler = DefaultSampler(range(images), shuffle=True, seed=3)
        sampler.rank, sampler.world_size = rank, processes
        loader = DataLoader(range(images), share, sampler=sampler, drop_last=True)
        cut_tail(loader, total)
        assert len(loader) == images // total
        seen.append([batch.tolist() for batch in loader])
    alone = DefaultSampler(range(images), shuffle=True, seed=3)
    whole = list(DataLoader(range(images), total, sampler=alone, drop_last=True))
    together = [sorted(itertools.chain(*parts)) for parts in zip(*seen, strict=True)]
    assert together == [sorted(batch.tolist()) for batch in whole]


HALVED = 'batch = dict(published=4)\ntrain_dataloader.pop("batch_size")\n'


def log_of(runner):
    lines = []
    runner.logger.log = lambda level, text: lines.append((level, text))
    return lines


def test_a_run_says_and_records_its_batch(tmp_path):
    runner = make_runner(tmp_path, HALVED + 'train_cfg.update(max_epochs=1)\n', total_batch=6)
    lines = log_of(runner)
    runner.train()
    assert (30, 'total batch 6 = 1 process(es) x 6; published with 4') in lines
    assert runner.iter == 2
    record = load_checkpoint(tmp_path / 'run/epoch_1.pth')['mmwsss_resume']['batch']
    assert record == BatchPlan(6, 1, 6, 1, 4).record()


def test_rate_scales_when_asked(tmp_path):
    text = (
        HALVED + 'auto_scale_lr = dict(enable=True)\ntrain_cfg.update(max_epochs=1)\n'
        'param_scheduler = None\n'
    )
    runner = make_runner(tmp_path, text, total_batch=12)
    runner.train()
    assert runner.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.1 * 12 / 4)]


def test_fewer_photos_train(tmp_path):
    text = 'train_dataloader.update(drop_last=True, batch_size=16)\n'
    runner = make_runner(tmp_path, text + 'train_cfg.update(max_epochs=2)\n')
    lines = log_of(runner)
    runner.train()
    assert runner.iter == 2
    assert any(level == 30 and 'not enough images' in text for level, text in lines)


@pytest.mark.parametrize('kind', ['batch', 'photos'])
def test_resume_refuses_another_schedule(tmp_path, kind):
    make_runner(tmp_path, 'train_cfg.update(max_epochs=2)\n').train()
    change = {'batch': 'batch_size=2', 'photos': "dataset=dict(type='ToyDataset', count=20)"}[kind]
    message = {
        'batch': r'a total batch of 4 \(1 x 4\), and this run has a total batch of 2 \(1 x 2\)',
        'photos': '6 steps in 2 epochs .* this run has 5 steps an epoch',
    }[kind]
    runner = make_runner(tmp_path, f'train_dataloader.update({change})\n', resume='auto')
    with pytest.raises(StageFailed, match=message + r'.*load_from=FILE'):
        runner.train()


def test_resume_of_an_older_checkpoint(tmp_path):
    """Without a record, the steps of an epoch tell."""
    make_runner(tmp_path, 'train_cfg.update(max_epochs=2)\n').train()
    file = tmp_path / 'run/epoch_2.pth'
    checkpoint = torch.load(file, weights_only=True)
    del checkpoint['mmwsss_resume']
    torch.save(checkpoint, file)
    runner = make_runner(tmp_path, 'train_dataloader.update(batch_size=2)\n', resume='auto')
    with pytest.raises(StageFailed, match='6 steps in 2 epochs'):
        runner.train()
    make_runner(tmp_path, resume='auto').train()


def test_accumulative_counts_beside_a_published_batch(tmp_path):
    runner = make_runner(tmp_path, HALVED + 'optim_wrapper.update(accumulative_counts=2)\n')
    with pytest.raises(StageFailed, match=re.escape('accumulative_counts=2 makes a total')):
        runner.train()


def test_skipping_steps_cannot_be_in_parts(tmp_path):
    text = HALVED + "optim_wrapper.update(type='SkippingOptimWrapper')\nbatch.update(at_once=2)\n"
    with pytest.raises(StageFailed, match='SkippingOptimWrapper cannot accumulate'):
        make_runner(tmp_path, text).train()
