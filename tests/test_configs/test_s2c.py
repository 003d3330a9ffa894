"""The configs of S2C and of its proposals."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmengine.dataset import pseudo_collate
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmwsss.config import read_config
from mmwsss.models import S2C, CAMGenerator, SoftmaxScores
from mmwsss.proposers import RegionProposer
from mmwsss.registry import DATASETS, MODELS, TRANSFORMS
from mmwsss.stores import StoreMeta, create_store
from tests.configs import read
from tests.conftest import photo

CONFIGS = Path(__file__).parents[2] / 'configs'
STAGES = sorted((CONFIGS / 's2c').glob('s2c_r*_*.py'))
STAGES = [path for path in STAGES if not path.stem.endswith('_recipe')]
SEGMENTORS = sorted((CONFIGS / 's2c').glob('*_s2c_*.py'))
MAPS = {'SegmentsFromProposals', 'RegionsFromProposals', 'RelabelSegments'}


def kinds(config):
    return [step.type for step in config.train_dataloader.dataset.pipeline]


@pytest.fixture(params=STAGES, ids=lambda path: path.stem)
def config(request):
    return read_config(request.param)


def baseline(config):
    """The plain CAM's config of the same network and data."""
    return read_config(CONFIGS / 'cam' / Path(config.filename).name.replace('s2c', 'cam'))


def test_differs_from_the_plain_cam_in_the_method_alone(config):
    plain = baseline(config)
    for name in ('backbone', 'head', 'test_cfg', 'data_preprocessor'):
        assert config.model[name] == plain.model[name]
    for name in (
        *('optim_wrapper', 'param_scheduler', 'train_cfg', 'val_dataloader', 'test_dataloader'),
        *('test_cfg', 'randomness'),
    ):
        assert config[name] == plain[name], name
    own = [
        step
        for step in config.train_dataloader.dataset.pipeline
        if step.type not in MAPS | {'LoadProposals', 'PackTagged'}
    ]
    assert own == plain.train_dataloader.dataset.pipeline[:-1]
    assert config.batch == plain.batch
    assert config.model.cpm_begin < config.train_cfg.max_epochs


def test_order_of_transforms(config):
    """Maps are made before they are resized, and numbered between resizing and cropping."""
    order = kinds(config)
    for first, second in (
        ('LoadImage', 'LoadProposals'),
        ('LoadProposals', 'SegmentsFromProposals'),
        ('SegmentsFromProposals', 'RandomResizeLong'),
        ('RandomFlip', 'RelabelSegments'),
        ('RelabelSegments', 'RandomCropPad'),
    ):
        assert order.index(first) < order.index(second)
    assert ('RegionsFromProposals' in order) == (
        config.model.point_decoder.type == 'RegionPointDecoder'
    )


@pytest.mark.parametrize('name, classes, begin', [('voc', 20, 2), ('coco', 80, 1)])
def test_published_size(name, classes, begin):
    config = read_config(CONFIGS / 's2c' / f's2c_r38_{name}.py')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert type(model) is S2C and model.num_classes == classes and model.cpm_begin == begin
    assert isinstance(model.point_decoder, dict), 'SAM is built when training begins'
    model.train()
    if name == 'voc':
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        assert trained == 105_255_936
    (group,) = build_optim_wrapper(model, config.optim_wrapper).param_groups
    assert (group['lr'], group['momentum'], group['weight_decay']) == (0.02, 5e-4, 5e-4)


@pytest.mark.parametrize('name', ['voc', 'coco'])
def test_sam_proposals(name):
    config = read('proposals/sam_vit-h.py', name)
    proposer = config.model.proposer
    assert proposer.type == 'SAMAutoProposer' and set(proposer) == {'type', 'sam'}
    assert config.test_cfg == dict(type='StoreTestLoop', kind='proposals')
    assert DATASETS.get(config.test_dataloader.dataset.type) is not None
    s2c = read_config(CONFIGS / 's2c' / f's2c_r38_{name}.py')
    assert s2c.model.point_decoder.sam == proposer.sam
    assert s2c.train_dataloader.dataset.split == config.test_dataloader.dataset.split
    for step in config.test_dataloader.dataset.pipeline:
        TRANSFORMS.build(step)


def proposals(folder, ids, size):
    store = create_store(folder, StoreMeta('proposals', ('a',), 'hash'))
    for number, img_id in enumerate(ids):
        store.write(img_id, RegionProposer()(photo(*size, number)))
    return str(folder)


@pytest.mark.parametrize('name', ['shapes', 'msrc'])
def test_small_config_trains_a_step(name, tmp_path):
    """With everything of the config but the photos."""
    config = read_config(CONFIGS / 's2c' / f's2c_r18_{name}.py')
    pipeline = config.train_dataloader.dataset.pipeline
    pipeline[1].store = proposals(tmp_path / 'proposals', ['0', '1'], (60, 80))
    pipeline = [TRANSFORMS.build(step) for step in pipeline]
    model = MODELS.build(config.model).train()
    model.init_weights()
    data = []
    for number in range(2):
        results = dict(img=photo(60, 80, number), img_id=str(number), ori_shape=(60, 80))
        results['gt_label'] = np.eye(model.num_classes, dtype=np.float32)[number]
        for step in pipeline[1:]:
            results = step(results)
        data.append(results)
    batch = model.data_preprocessor(pseudo_collate(data), training=True)
    MessageHub.get_current_instance().update_info('epoch', config.model.cpm_begin)
    try:
        losses = model(**batch, mode='loss')
    finally:
        MessageHub.get_current_instance().update_info('epoch', 0)
    assert set(losses) == {'loss_cls', 'loss_ssc', 'loss_cpm'}
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('path', SEGMENTORS, ids=lambda path: path.stem)
def test_segmentors_are_those_of_the_plain_cam(path):
    """With their own masks."""
    config = read_config(path)
    assert config.train_dataloader.dataset.type == 'PseudoMaskDataset'
    assert 's2c' in config.train_dataloader.dataset.store
    if '-scores' in path.stem:
        module = config.model.module
        assert module == read_config(str(path).replace('-scores', '')).model
        assert MODELS.get(config.model.type) is SoftmaxScores
        assert config.test_cfg.kind == 'scores' and config.test_cfg.stride == 1
    if 'r38' in path.stem or 'r18' in path.stem:
        with torch.device('meta'), DefaultScope.overwrite_default_scope('mmwsss'):
            MODELS.build(config.model)


def test_metafile_lists_every_stage():
    listed = yaml.safe_load((CONFIGS / 's2c' / 'metafile.yml').read_text())['Models']
    assert {Path(model['Config']).stem for model in listed} >= {path.stem for path in STAGES}
    readme = (CONFIGS / 's2c' / 'README.md').read_text()
    for path in (CONFIGS / 's2c').glob('*.py'):
        assert f'`{path.name}`' in readme, path.name


def test_vanilla_classifier_is_the_baseline(config):
    assert MODELS.get(baseline(config).model.type) is CAMGenerator
