"""The stages of configs/refine, from a score store to a store and its scores."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmwsss.engine.testing import run_test
from mmwsss.registry import DATASETS, REFINERS
from mmwsss.stores import StoreMeta, create_store, open_store
from mmwsss.structures import Seeds

CONFIGS = Path(__file__).parents[2] / 'configs/refine'


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
    cfg = Config.fromfile(CONFIGS / f'{name}_shapes.py')
    cfg.work_dir = str(tmp_path)
    cfg.test_dataloader.dataset.update(tiny_shapes)
    cfg.merge_from_dict({'test_dataloader.dataset.pipeline.1.store': str(store.folder)})
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    metrics = run_test(cfg)
    assert 0 < metrics[metric] <= 100
    made = open_store(tmp_path / kind, kind)
    assert not made.verify(dataset.ids)
    (record,) = made.meta.refiners
    assert record == REFINERS.build(cfg.model.refiner).protocol()
    assert made.meta.parents[0]['kind'] == 'scores'


OWN = [
    path
    for name in ('threshold', 'par', 'par-labels', 'centre-prior')
    for path in sorted(CONFIGS.glob(f'{name}_*.py'))
]


@pytest.mark.parametrize('path', OWN, ids=lambda path: path.stem)
def test_configs_fit_together(path):
    cfg = Config.fromfile(path)
    refiner = REFINERS.build(cfg.model.refiner)
    assert cfg.test_cfg.kind == ('masks' if refiner.output == 'mask' else 'scores')
    assert [step.type for step in cfg.test_dataloader.dataset.pipeline] == [
        'LoadImage',
        'LoadSeeds',
        'PackTagged',
    ]
