"""AffinityNet, IRN, RIB and the CRF from their configs: trained for some steps, walked, scored."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from PIL import Image

from mmwsss.config import read_config
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.launch import build_runner
from mmwsss.engine.testing import run_test
from mmwsss.registry import DATASETS, MODELS, REFINERS
from mmwsss.stores import StoreMeta, create_store, open_store
from mmwsss.structures import Proposals, Seeds
from tests.configs import read, stages

CONFIGS = Path(__file__).parents[2] / 'configs/refine'


@pytest.fixture(scope='module')
def made(tiny_shapes, tmp_path_factory):
    """Stores of random scores, masks and proposals, and an untrained classifier's checkpoint."""
    init_default_scope('mmwsss')
    folder = tmp_path_factory.mktemp('made')
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train', 'pipeline': []})
    classes = dataset.metainfo['classes'][1:]
    kinds = dict(scores='scores', crf='scores', masks='masks', sam='proposals')
    stores = {
        name: create_store(folder / name, StoreMeta(kind, classes, dataset.list_hash))
        for name, kind in kinds.items()
    }
    rng = np.random.RandomState(0)
    for index, id in enumerate(dataset.ids):
        info = dataset.get_data_info(index)
        tags = np.flatnonzero(info['gt_label'])
        size = Image.open(info['img_path']).size[::-1]
        maps = rng.rand(len(tags), 6, 6)
        stores['scores'].write(id, Seeds(tags, maps, size=size))
        stores['crf'].write(id, Seeds(tags, maps, rng.rand(6, 6), size=size))
        blocks = np.kron(rng.choice([0, *(tags + 1), 255], (8, 8)), np.ones((16, 16), int))
        stores['masks'].write(id, blocks[: size[0], : size[1]])
        masks, one = rng.rand(3, *size) < 0.5, np.ones(3)
        stores['sam'].write(id, Proposals.from_masks(masks, iou=one, stability=one, level=one))
    cam = read_config(CONFIGS.parent / 'cam/cam_r18_shapes.py')
    torch.manual_seed(0)
    state = MODELS.build(cam.model).state_dict()
    torch.save(dict(state_dict=state, meta={}), folder / 'cam.pth')
    return folder


def stage(name, tiny_shapes, tmp_path, options):
    """A config on the small drawing, in this process."""
    cfg = read(f'refine/{name}.py', 'shapes')
    cfg.work_dir = str(tmp_path / name)
    for key in ('train_dataloader', 'test_dataloader'):
        if cfg.get(key):
            cfg[key].dataset.update(tiny_shapes)
            cfg[key].update(num_workers=0, persistent_workers=False)
    cfg.batch = dict(total=4)
    cfg.merge_from_dict(options)
    return cfg


def train_and_walk(name, tiny_shapes, tmp_path, options):
    cfg = stage(name, tiny_shapes, tmp_path, options)
    cfg.train_cfg.max_epochs = 1
    cfg.param_scheduler.end = 1
    runner = build_runner(cfg)
    runner.train()
    losses = runner.message_hub.log_scalars['train/loss'].data[0]
    assert np.isfinite(losses).all()
    checkpoint = str(Path(cfg.work_dir) / 'epoch_1.pth')
    metrics = run_test(stage(name, tiny_shapes, tmp_path, options), checkpoint)
    assert 0 < metrics['masks/mIoU'] <= 100
    return open_store(Path(cfg.work_dir) / 'masks', 'masks')


@pytest.mark.slow
def test_affinity_net(made, tiny_shapes, tmp_path):
    store = train_and_walk(
        'psa_r18_shapes',
        tiny_shapes,
        tmp_path,
        {
            'model.backbone.init_cfg.checkpoint': str(made / 'cam.pth'),
            'train_dataloader.dataset.pipeline.1.low_alpha': str(made / 'crf'),
            'train_dataloader.dataset.pipeline.1.high_alpha': str(made / 'crf'),
            'test_dataloader.dataset.pipeline.1.store': str(made / 'scores'),
        },
    )
    (record,) = store.meta.refiners
    assert (record['type'], record['alpha']) == ('AffinityNet', 6)


def test_irn(made, tiny_shapes, tmp_path):
    store = train_and_walk(
        'irn_r18_shapes',
        tiny_shapes,
        tmp_path,
        {
            'model.backbone.init_cfg.checkpoint': str(made / 'cam.pth'),
            'train_dataloader.dataset.pipeline.1.store': str(made / 'masks'),
            'test_dataloader.dataset.pipeline.1.store': str(made / 'scores'),
        },
    )
    assert store.meta.refiners[0]['background'] == 0.25
    assert store.meta.parents[0]['kind'] == 'scores'


def test_rib(made, tiny_shapes, tmp_path):
    cfg = stage(
        'rib_r18_shapes',
        tiny_shapes,
        tmp_path,
        {
            'test_dataloader.dataset.indices': 3,
            'test_dataloader.dataset.pipeline.2.batches': 2,
            'test_dataloader.dataset.pipeline.2.dataset.data_root': tiny_shapes['data_root'],
            'test_dataloader.dataset.pipeline.2.dataset.drawing': tiny_shapes['drawing'],
        },
    )
    metrics = run_test(cfg, str(made / 'cam.pth'))
    assert 0 < metrics['seeds/mIoU'] <= 100
    store = open_store(tmp_path / 'rib_r18_shapes/scores')
    assert len(store) == 3
    assert store.meta.protocol['steps'] == 4


@pytest.mark.parametrize(
    ('name', 'kind'),
    [('crf', 'scores'), ('crf-masks', 'masks'), ('ir-labels', 'masks'), ('sam-vote', 'masks')],
)
def test_refining_stage(name, kind, made, tiny_shapes, tmp_path):
    options = {
        'test_dataloader.dataset.pipeline.1.store': str(made / 'scores'),
        'test_dataloader.dataset.indices': 4,
    }
    if name == 'sam-vote':
        options['test_dataloader.dataset.pipeline.2.store'] = str(made / 'sam')
    metrics = run_test(stage(name, tiny_shapes, tmp_path, options))
    assert 0 < metrics['seeds/mIoU' if kind == 'scores' else 'masks/mIoU'] <= 100
    store = open_store(tmp_path / name / kind, kind)
    assert len(store) == 4
    if kind == 'scores':
        assert all(store[id].background is not None for id in store)


def test_scores_of_another_photo_are_reported(made, tiny_shapes, tmp_path):
    """The walk goes on with the other photos and names the one that does not fit."""
    broken = open_store(made / 'scores')
    first = next(iter(broken))
    kept = broken[first]
    broken.write(first, Seeds(kept.classes, np.ones((len(kept.classes), 5, 5)), size=(20, 20)))
    options = {
        'model.backbone.init_cfg': None,
        'test_dataloader.dataset.pipeline.1.store': str(made / 'scores'),
    }
    cfg = stage('irn_r18_shapes', tiny_shapes, tmp_path, options)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'irn.pth')
    try:
        with pytest.raises(StageFailed, match='made for a photo of 20x20 pixels'):
            run_test(cfg, str(tmp_path / 'irn.pth'))
    finally:
        broken.write(first, kept)
    assert len(open_store(tmp_path / 'irn_r18_shapes/masks')) == len(broken) - 1


REFINING = [
    stage
    for name in ('crf', 'crf-masks', 'crf-segmentor', 'ir-labels', 'ir-labels-rib', 'sam-vote')
    for stage in stages(f'refine/{name}.py')
]


@pytest.mark.parametrize('path, data', REFINING)
def test_refining_configs_fit_together(path, data):
    cfg = read(path, data)
    refiner = REFINERS.build(cfg.model.refiner)
    assert cfg.test_cfg.kind == ('masks' if refiner.output == 'mask' else 'scores')
    steps = [step.type for step in cfg.test_dataloader.dataset.pipeline]
    assert steps[:2] == ['LoadImage', 'LoadSeeds']
    assert ('LoadProposals' in steps) == refiner.needs_proposals
    assert steps[-1] == 'PackTagged'


@pytest.mark.parametrize('name', ['psa_r38_voc', 'irn_r50_voc', 'irn_r50_coco'])
def test_published_models_build(name):
    init_default_scope('mmwsss')
    cfg = read_config(CONFIGS / f'{name}.py')
    model = MODELS.build(cfg.model)
    assert cfg.train_dataloader.dataset.pipeline[-1].meta_keys == ('pair_label',)
    assert cfg.optim_wrapper.optimizer.momentum == cfg.optim_wrapper.optimizer.weight_decay
    scaled = set(cfg.optim_wrapper.paramwise_cfg.custom_keys)
    assert scaled <= {name for name, _ in model.named_children()}


@pytest.mark.parametrize('name', ['psa', 'irn', 'rib'])
def test_small_configs_differ_in_their_data_only(name):
    shapes, msrc = (read_config(CONFIGS / f'{name}_r18_{data}.py') for data in ('shapes', 'msrc'))
    assert msrc.test_dataloader.dataset.type == 'MSRCDataset'
    for cfg in (shapes, msrc):
        cfg.model.backbone.pop('init_cfg', None)
        cfg.model.get('head', {}).pop('num_classes', None)
    if name == 'psa':  # the walk follows the size of the grid
        msrc.model.test_cfg.update(log_steps=2, pad=True)
    assert shapes.model == msrc.model
    assert [t.type for t in shapes.test_dataloader.dataset.pipeline] == [
        t.type for t in msrc.test_dataloader.dataset.pipeline
    ]


def test_every_config_is_in_the_readme():
    readme = (CONFIGS / 'README.md').read_text()
    for path in CONFIGS.glob('*.py'):
        family = path.stem.rsplit('_', 1)[0]  # of several data sets
        assert f'`{path.stem}`' in readme or f'`{family}_*`' in readme, path.name
