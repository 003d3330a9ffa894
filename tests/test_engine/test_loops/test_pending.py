from types import SimpleNamespace

import pytest

from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.loops.pending import LeftOut, PendingDataset, collate_pending
from mmwsss.stores import StoreError, StoreMismatch


class Step:
    def __init__(self, error=None):
        self.error = error

    def __call__(self, results):
        if self.error is not None:
            raise self.error
        return results


class Photos:
    """Three images and a pipeline of two steps."""

    ids = ('a', 'b', 'c')

    def __init__(self, error=None):
        self.pipeline = SimpleNamespace(transforms=[Step(), Step(error)])

    def __getitem__(self, position):
        results = {'inputs': position}
        for step in self.pipeline.transforms:
            results = step(results)
        return results


ABOUT_AN_IMAGE = [ImageError('cut short'), StoreError('no entry'), OSError('not readable')]
ABOUT_THE_REST = [
    ValueError('no seeds: put LoadSeeds before'),
    StoreMismatch('made for 3 classes'),
    DataError('every photo shares a class'),
    KeyError('gt_label'),
    TypeError('2 arguments'),
    ZeroDivisionError('nothing'),
]


@pytest.mark.parametrize('error', ABOUT_AN_IMAGE, ids=repr)
def test_an_image_is_left_out(error):
    left = PendingDataset(Photos(error), [2, 0])[0]
    where = 'test_dataloader.dataset.pipeline[1] (Step)'
    assert left == LeftOut('c', str(error), where, type(error).__name__)
    batch = collate_pending([left, left])
    assert batch.data is None and batch.bad == [left, left]


@pytest.mark.parametrize('error', ABOUT_THE_REST, ids=repr)
def test_what_is_not_about_one_image_stops_the_stage(error):
    with pytest.raises(StageFailed) as failed:
        PendingDataset(Photos(error), [2, 0])[1]
    text, name = str(failed.value), type(error).__name__
    expected = f"test_dataloader.dataset.pipeline[1] (Step): {name} at image 'a': {error}"
    assert text == expected and failed.value.__cause__ is error


def test_the_model_s_part_is_told_apart():
    def broken(sample):
        raise StoreError(f'no entry for {sample["inputs"]}')

    left = PendingDataset(Photos(), [1], broken)[0]
    assert (left.where, left.reason) == ('model', 'no entry for 1')
    with pytest.raises(StageFailed, match="model: AttributeError at image 'b': 'dict' object"):
        PendingDataset(Photos(), [1], lambda sample: sample.seeds)[0]


def test_batches():
    dataset = PendingDataset(Photos(), [2, 1], lambda sample: {**sample, 'more': 0})
    batch = collate_pending([dataset[0], dataset[1]])
    assert batch.data == {'inputs': [2, 1], 'more': [0, 0]} and not batch.bad
