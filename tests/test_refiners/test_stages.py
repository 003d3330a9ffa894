"""The stages of configs/refine, from a score store to a store and its scores."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from mmwsss.engine.errors import StageFailed
from mmwsss.engine.testing import run_test
from mmwsss.refiners import Threshold
from mmwsss.registry import DATASETS, REFINERS
from mmwsss.stores import StoreMeta, StoreMismatch, create_store, open_store
from mmwsss.structures import Seeds
from tests.configs import read, stages


@pytest.fixture(scope='module')
def scores(tiny_shapes, tmp_path_factory):
    """A store of smooth random seeds of the training photos, and their data set."""
    init_default_scope('mmwsss')
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train', 'pipeline': []})
    meta = StoreMeta('scores', dataset.metainfo['classes'][1:], dataset.list_hash, stride=4)
    store = create_store(tmp_path_factory.mktemp('cam') / 'scores', meta)
    rng = np.random.RandomState(0)
    for index, id in enumerate(dataset.ids):
        info = dataset.get_data_info(index)
        classes = np.flatnonzero(info['gt_label'])
        size = Image.open(info['img_path']).size[::-1]
        store.write(id, Seeds(classes, rng.rand(len(classes), 6, 6), size=size))
    return store, dataset


@pytest.mark.parametrize(
    ('name', 'kind', 'metric'),
    [
        ('threshold', 'masks', 'masks/mIoU'),
        ('par', 'scores', 'seeds/mIoU'),
        ('par-labels', 'masks', 'masks/mIoU'),
        ('centre-prior', 'masks', 'masks/mIoU'),
    ],
)
def test_stage(name, kind, metric, scores, tiny_shapes, tmp_path):
    store, dataset = scores
    cfg = stage(name, store.folder, tiny_shapes, tmp_path)
    metrics = run_test(cfg)
    assert 0 < metrics[metric] <= 100
    made = open_store(tmp_path / 'run' / kind, kind)
    assert not made.verify(dataset.ids)
    (record,) = made.meta.refiners
    assert record == REFINERS.build(cfg.model.refiner).protocol()
    assert made.meta.parents[0]['kind'] == 'scores'


def test_a_stage_that_reads_two_stores(scores, tiny_shapes, tmp_path):
    """A segmentor's probabilities and the maps: both are parents, and a missing entry is named."""
    maps, dataset = scores
    meta = StoreMeta('scores', maps.meta.classes, dataset.list_hash)
    seeds = create_store(tmp_path / 'seeds', meta)
    for id in dataset.ids:
        entry = maps[id]
        best = entry.scores.max(0, initial=0)
        seeds.write(id, Seeds(entry.classes, entry.scores / 8, 1 - best / 2, entry.size))
    cfg = stage('par-evidence', seeds.folder, tiny_shapes, tmp_path)
    cfg.test_dataloader.dataset.pipeline[2].store = str(maps.folder)
    assert 0 < run_test(cfg)['seeds/mIoU'] <= 100
    made = open_store(tmp_path / 'run/scores', 'scores')
    assert len(made.meta.parents) == 2
    assert [r['type'] for r in made.meta.refiners[0]['refiners']] == ['PAR', 'AddEvidence']
    id = dataset.ids[0]
    expected = REFINERS.build(cfg.model.refiner)(
        dataset_image(dataset, 0), seeds[id], evidence=maps[id]
    )
    kept = expected.resize(made[id].scores.shape[1:])
    np.testing.assert_allclose(made[id].background, kept.background, atol=1e-3)
    np.testing.assert_allclose(made[id].scores, kept.scores, atol=1e-3)

    alone = create_store(tmp_path / 'one', StoreMeta('scores', maps.meta.classes, 'x'))
    alone.write(id, maps[id])
    cfg = stage('par-evidence', seeds.folder, tiny_shapes, tmp_path)
    cfg.work_dir = str(tmp_path / 'again')
    cfg.test_dataloader.dataset.pipeline[2].store = str(alone.folder)
    with pytest.raises(StageFailed, match=f"one: no scores for image '{dataset.ids[1]}'"):
        run_test(cfg)


def dataset_image(dataset, index):
    return np.array(Image.open(dataset.get_data_info(index)['img_path']).convert('RGB'))


def stage(name, store, tiny_shapes, tmp_path):
    """A refining stage on the small drawing, in this process."""
    cfg = read(f'refine/{name}.py', 'shapes')
    cfg.work_dir = str(tmp_path / 'run')
    cfg.test_dataloader.dataset.update(tiny_shapes)
    cfg.merge_from_dict({'test_dataloader.dataset.pipeline.1.store': str(store)})
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    return cfg


def test_a_refiner_whose_masks_hold_other_classes_is_named(
    scores, tiny_shapes, tmp_path, monkeypatch
):
    def beyond(self, image, seeds, proposals=None):
        return np.full(seeds.size, 40, np.uint8)

    monkeypatch.setattr(Threshold, '__call__', beyond)
    cfg = stage('threshold', scores[0].folder, tiny_shapes, tmp_path)
    message = r'values 0\.\.\d+ and 255 are expected, found \[40\] \(made by Threshold\)'
    with pytest.raises(StageFailed, match=message):
        run_test(cfg)


def test_contours_are_scored_beside_miou(scores, tiny_shapes, tmp_path):
    cfg = stage('threshold', scores[0].folder, tiny_shapes, tmp_path)
    tables = str(tmp_path / 'tables')
    cfg.test_evaluator = [dict(type='MaskMetric', out_dir=tables), dict(type='ContourMetric')]
    metrics = run_test(cfg)
    assert {'masks/mIoU', 'contours/mF', 'contours/bIoU'} <= set(metrics)
    assert 'contours/mF' in (tmp_path / 'run/metrics.json').read_text()
    assert len((tmp_path / 'tables/images.csv').read_text().splitlines()) == 1 + len(scores[1])


def one_bad_entry(scores, folder, bad, **options):
    """A copy of the store in which the second image's seeds are changed."""
    store, dataset = scores
    meta = StoreMeta('scores', store.meta.classes, dataset.list_hash, stride=4, **options)
    copy = create_store(folder, meta)
    for index, id in enumerate(dataset.ids):
        copy.write(id, store[id])
        if index == 1:
            bad(copy, id, store[id])
    return copy.folder, dataset.ids[1], len(dataset.ids) - 1


def turned(store, id, seeds):
    store.write(id, Seeds(seeds.classes, seeds.scores, size=seeds.size[::-1]))


def without_classes(store, id, seeds):
    store.write(id, Seeds(seeds.classes[:0], seeds.scores[:0], size=seeds.size))


def not_a_number(store, id, seeds):
    with np.load(store.path(id)) as file:
        arrays = dict(file)
    arrays['scores'][0, 0, 0] = np.nan
    np.savez(store.path(id), **arrays)


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (turned, r'{id}.npz: made for a photo of \d+x\d+ pixels, but .* has \d+x\d+'),
        (without_classes, '{id} is tagged .*, of which the store has no map'),
        (not_a_number, r'{id}. is broken \(scores must lie in \[0, 1\] without NaN'),
    ],
)
def test_a_bad_entry_is_named_and_the_others_are_refined(
    bad, message, scores, tiny_shapes, tmp_path
):
    protocol = {'seeds_of': 'image-level labels'}
    folder, id, good = one_bad_entry(scores, tmp_path / 'scores', bad, protocol=protocol)
    with pytest.raises(StageFailed, match=message.format(id=id)):
        run_test(stage('threshold', folder, tiny_shapes, tmp_path))
    assert len(open_store(tmp_path / 'run/masks')) == good


def test_a_store_of_other_classes_is_refused_before_the_first_photo(tiny_shapes, tmp_path):
    names = tuple('abcdef')  # as many
    create_store(tmp_path / 'scores', StoreMeta('scores', names, 'x'))
    with pytest.raises(StoreMismatch, match=r'made for 6 classes \(a, b, c, .*the classes are 6'):
        run_test(stage('threshold', tmp_path / 'scores', tiny_shapes, tmp_path))
    assert not (tmp_path / 'run/masks').exists()


OWN = [
    stage
    for name in (
        'threshold',
        'par',
        'par-evidence',
        'par-masks',
        'par-labels',
        'centre-prior',
        'located',
    )
    for stage in stages(f'refine/{name}.py')
]


@pytest.mark.parametrize('path, data', OWN)
def test_configs_fit_together(path, data):
    cfg = read(path, data)
    refiner = REFINERS.build(cfg.model.refiner)
    assert cfg.test_cfg.kind == ('masks' if refiner.output == 'mask' else 'scores')
    loaders = ['LoadSeeds', *['LoadEvidence'] * refiner.needs_evidence]
    steps = [step.type for step in cfg.test_dataloader.dataset.pipeline]
    assert steps == ['LoadImage', *loaders, 'PackTagged']
