from types import SimpleNamespace

import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

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


@pytest.mark.parametrize('case', ['iterations', 'repeat'])
def test_stays_unseeded(dataset, case):
    if case == 'repeat':
        run(RepeatDataset(dataset, 2))
    else:
        run(dataset, IterBasedTrainLoop)
    assert dataset.epoch_counter.value == EpochCounter.UNSEEDED


def test_other_data_sets_are_left_alone():
    run([1, 2, 3])
