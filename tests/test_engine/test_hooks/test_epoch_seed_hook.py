import random
from types import SimpleNamespace

import pytest
from mmengine.dataset import ConcatDataset, DefaultSampler, InfiniteSampler, RepeatDataset
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch.utils.data import DataLoader

from mmwsss.datasets import EpochCounter
from mmwsss.engine.hooks.epoch_seed_hook import EpochSeedHook
from mmwsss.registry import DATASETS


def runner(dataset, loop=EpochBasedTrainLoop):
    return SimpleNamespace(
        train_loop=object.__new__(loop),
        train_dataloader=SimpleNamespace(dataset=dataset),
        seed=11,
        epoch=4,
    )


@pytest.fixture
def dataset(tiny_shapes):
    return DATASETS.build({**tiny_shapes, 'split': 'train'})


def run(dataset, loop=EpochBasedTrainLoop):
    hook, fake = EpochSeedHook(), runner(dataset, loop)
    hook.before_train(fake)
    hook.before_train_epoch(fake)


def test_sets_epoch_and_seed(dataset):
    run(dataset)
    assert dataset.epoch_counter.value == 4 and dataset.seed == 11


def test_keeps_a_seed_of_the_config(tiny_shapes):
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train', 'seed': 5})
    run(dataset)
    assert dataset.seed == 5


def test_looks_below_wrappers(dataset):
    run(ConcatDataset([dataset, dataset]))
    assert dataset.epoch_counter.value == 4


@pytest.mark.parametrize('case', ['endless', 'repeat'])
def test_stays_unseeded(dataset, case):
    if case == 'repeat':
        run(RepeatDataset(dataset, 2))
    else:
        hook, fake = EpochSeedHook(), runner(dataset, IterBasedTrainLoop)
        fake.train_dataloader = DataLoader(dataset, sampler=InfiniteSampler(dataset))
        hook.before_train(fake)
        hook.before_train_epoch(fake)
    assert dataset.epoch_counter.value == EpochCounter.UNSEEDED


def test_other_data_sets_are_left_alone():
    run([1, 2, 3])


def batches(dataset, done, count, workers=0):
    """What an iteration-based run sees that resumes after ``done`` iterations."""
    hook, fake = EpochSeedHook(), runner(dataset, IterBasedTrainLoop)
    options = dict(num_workers=workers, persistent_workers=workers > 0)
    sampler = DefaultSampler(dataset, shuffle=True, seed=3)
    fake.train_dataloader = DataLoader(
        dataset, batch_size=5, sampler=sampler, collate_fn=list, **options
    )
    fake.train_loop._iter = done
    hook.before_train(fake)
    hook.before_train_epoch(fake)
    sampler.set_epoch(0)  # as DistSamplerSeedHook does, which knows no passes
    discarded = [next(fake.train_loop.dataloader_iterator) for _ in range(done)]
    seen = [next(fake.train_loop.dataloader_iterator) for _ in range(count)]
    return discarded, [[(x['img_id'], x['noise']) for x in batch] for batch in seen]


@pytest.mark.parametrize('workers', [0, 1])
def test_iterations_are_repeated_at_a_resume(tiny_shapes, workers):
    noise = [lambda results: {**results, 'noise': random.random()}]
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train', 'pipeline': noise})
    passes = -(-len(dataset) // 5)
    _, whole = batches(dataset, 0, 2 * passes + 2, workers)
    assert whole[0] != whole[passes]  # another order and other augmentation
    for done in (1, passes, passes + 1):
        discarded, rest = batches(dataset, done, 2 * passes + 2 - done, workers)
        assert rest == whole[done:]
        assert discarded.count(None) == done // passes * passes  # whole passes are not loaded
