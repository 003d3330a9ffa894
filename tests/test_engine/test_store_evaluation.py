"""Scoring a store: by this process or by workers, with the same numbers."""

import json

import numpy as np
import pytest
from mmengine.evaluator import BaseMetric, Evaluator
from PIL import Image

from mmwsss.engine import store_evaluation
from mmwsss.engine.store_evaluation import evaluate_store
from mmwsss.evaluation import ContourMetric, MaskMetric, SeedMetric
from mmwsss.stores import StoreError, StoreMeta, create_store
from mmwsss.structures import Seeds

IDS = [f'x{index:02d}' for index in range(20)]
CLASSES = ('a', 'b', 'c')


class Images:
    """As much of a tagged data set as scoring needs."""

    metainfo = {'classes': ('background', *CLASSES)}
    ids = IDS

    def __init__(self, folder):
        self.folder = folder

    def get_data_info(self, index):
        path = self.folder / f'{IDS[index]}.png'
        tags = np.array([1, 1, 1])
        return {'img_id': IDS[index], 'seg_map_path': str(path), 'gt_label': tags}


class ImagesSeen(BaseMetric):
    """A metric of mmengine alone."""

    default_prefix = 'seen'

    def process(self, data_batch, data_samples):
        self.results += [sample['img_id'] for sample in data_samples]

    def compute_metrics(self, results):
        return {'images': len(results)}


@pytest.fixture(params=['scores', 'masks'])
def filled(request, tmp_path, monkeypatch):
    monkeypatch.setattr(store_evaluation, '_MANY', 2)
    rng = np.random.default_rng(0)
    store = create_store(tmp_path / 's', StoreMeta(request.param, CLASSES, 'list'))
    for id in IDS:
        mask = rng.integers(0, 4, (9, 11), np.uint8)
        Image.fromarray(mask).save(tmp_path / f'{id}.png')
        if request.param == 'scores':
            store.write(id, Seeds(np.arange(3), rng.random((3, 9, 11))))
        else:
            store.write(id, rng.integers(0, 4, (9, 11)))
    return store, Images(tmp_path)


def run(filled, folder, workers, extra=()):
    store, images = filled
    if store.meta.kind == 'scores':
        metrics = [SeedMetric(), ContourMetric(background=0.3)]
    else:
        metrics = [MaskMetric(), ContourMetric()]
    found = evaluate_store(store, images, Evaluator([*metrics, *extra]), folder, workers=workers)
    return found, json.loads((folder / 'metrics.json').read_text())


@pytest.mark.parametrize('workers', [1, 2, 3])
def test_workers_give_the_same_numbers(filled, tmp_path, workers):
    alone = run(filled, tmp_path, 0)
    shared = run(filled, tmp_path, workers)
    assert repr(shared) == repr(alone)
    assert shared[1]['protocol']['scored'] == 20


def test_metrics_that_do_not_count_by_image_are_left_to_one_process(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(store_evaluation, '_count_in_workers', lambda *_: pytest.fail('used'))
    assert run(filled, tmp_path, 2, [ImagesSeen()])[0]['seen/images'] == 20


def test_an_error_in_a_worker_reads_as_it_does_here(filled, tmp_path):
    store, _ = filled
    store.path('x07').write_bytes(b'broken')
    with pytest.raises(StoreError, match=r"entry 'x07' is broken") as alone:
        run(filled, tmp_path, 0)
    with pytest.raises(StoreError) as shared:
        run(filled, tmp_path, 2)
    assert str(shared.value) == str(alone.value)


def test_entries_that_are_left_out(filled, tmp_path):
    store, images = filled
    store.path('x07').write_bytes(b'broken')
    metric = MaskMetric() if store.meta.kind == 'masks' else SeedMetric()
    evaluate_store(store, images, Evaluator(metric), tmp_path, leave_out=['x07'], workers=2)
    assert json.loads((tmp_path / 'metrics.json').read_text())['protocol']['scored'] == 19
