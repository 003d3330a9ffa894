"""The configs of CTI and MCTformer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmwsss.config import read_config
from mmwsss.datasets.coco import _shipped
from mmwsss.models import CTI, MCTformer, SoftmaxScores
from mmwsss.recipes.reading import load_recipe
from mmwsss.registry import MODELS, TRANSFORMS
from tests.conftest import photo

CONFIGS = Path(__file__).parents[2] / 'configs'
STAGES = sorted(CONFIGS.glob('cti/cti_deit-*.py'))
SEGMENTORS = sorted(CONFIGS.glob('cti/*_cti_*.py'))
CLASSES = dict(voc=20, coco=80, shapes=6, msrc=14)


@pytest.fixture(params=STAGES, ids=lambda path: path.stem)
def config(request):
    return read_config(request.param)


def baseline(config):
    """MCTformer-V2 of the same network and data."""
    name = Path(config.filename).name.replace('cti_', 'mctformer_')
    return read_config(CONFIGS / 'mctformer' / name)


def data_of(path):
    return Path(path).stem.rsplit('_', 1)[1]


def test_differs_from_mctformer_in_the_method_alone(config):
    plain = baseline(config)
    for name in (
        *('optim_wrapper', 'param_scheduler', 'train_cfg', 'val_dataloader', 'test_dataloader'),
        *('test_cfg', 'randomness'),
    ):
        assert config[name] == plain[name], name
    for part in ('backbone', 'head'):
        own = {'background', 'tokenizer_channels'}
        ours, theirs = (
            {k: v for k, v in c.model[part].items() if k not in own} for c in (config, plain)
        )
        assert ours == theirs
    (views,) = (s for s in config.train_dataloader.dataset.pipeline if s.type == 'TwoViews')
    assert views.strong == plain.train_dataloader.dataset.pipeline[1:-1]
    assert views.weak == views.strong[:-1]
    assert config.batch == plain.batch


def test_sizes_fit(config):
    for own in (config, baseline(config)):
        model = MODELS.build(own.model)
        assert type(model) is (CTI if own is config else MCTformer)
        assert model.num_classes == CLASSES[data_of(config.filename)]
        side = own.model.backbone.img_size // own.model.backbone.patch_size
        assert model.backbone.pos_embed_patch.shape[1] == side**2
        steps = str(own.train_dataloader.dataset.pipeline)
        assert f"'size': {own.model.backbone.img_size}" in steps


@pytest.mark.parametrize('name, parameters', [('voc', 38_052_117), ('coco', 82_542_417)])
def test_published_size(name, parameters):
    config = read_config(CONFIGS / f'cti/cti_deit-s_{name}.py')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    # The release also holds DeiT's position table and last norm, which it does not use.
    unused = 197 * 384 + 2 * 384
    assert sum(p.numel() for p in model.parameters()) == parameters - unused
    coco = name == 'coco'
    assert model.infuse_begin == (2 if coco else 0) and model.infuse_block == 3
    assert model.loss_bg.detach_foreground == coco
    weights = [part.loss_weight for part in (model.loss_bg, model.loss_intra, model.loss_cross)]
    assert weights == ([0.1] * 3 if coco else [0.1, 1, 1])
    assert (model.bg_class_blocks, model.memory.size) == (6, 30)
    assert config.batch == dict(published=64)


def test_photos_of_coco():
    """With those that have no class, and the published photos to watch."""
    config = read_config(CONFIGS / 'cti/cti_deit-s_coco.py')
    assert config.train_dataloader.dataset.untagged
    watched = config.val_dataloader.dataset
    assert watched.split == 'train' and 'seg_map_path' in watched.data_prefix
    assert len(set(watched.indices)) == 5208
    assert max(watched.indices) < len(_shipped(('train',), 80))


def test_optimiser():
    config = read_config(CONFIGS / 'mctformer/mctformer_deit-small-tiny_shapes.py')
    schedule = read_config(CONFIGS / '_base_/schedules/deit_60e.py')
    model = MODELS.build(config.model)
    groups = build_optim_wrapper(model, schedule.optim_wrapper).optimizer.param_groups
    names = {id(p): name for name, p in model.named_parameters()}
    decays = {names[id(p)]: g['weight_decay'] for g in groups for p in g['params']}
    assert decays['backbone.cls_token'] == decays['backbone.layers.0.ln1.weight'] == 0
    assert decays['backbone.pos_embed_cls'] == decays['head.conv.weight'] == 0.05
    assert {g['lr'] for g in groups} == {6.25e-5}


@pytest.mark.parametrize('name', ['shapes', 'msrc'])
@pytest.mark.parametrize('method', ['cti', 'mctformer'])
def test_small_config_trains_a_step(method, name):
    """With everything of the config but the photos."""
    config = read_config(CONFIGS / method / f'{method}_deit-small-tiny_{name}.py')
    config.model.backbone.stem.init_cfg = None  # the plain CAM's network, which is not at hand
    model = MODELS.build(config.model).train()
    model.init_weights()
    data = []
    for number in range(2):
        results = dict(img=photo(60, 80, number), img_id=str(number), ori_shape=(60, 80))
        results['gt_label'] = np.eye(model.num_classes, dtype=np.float32)[number]
        for step in config.train_dataloader.dataset.pipeline[1:]:
            results = TRANSFORMS.build(step)(results)
        data.append(results)
    batch = model.data_preprocessor(pseudo_collate(data), training=True)
    if method == 'cti':
        model.infuse_begin = 0
        model.memory.seen.fill_(model.memory.size)
    losses = model(**batch, mode='loss')
    assert ('loss_cross' in losses) == (method == 'cti')
    sum(losses.values()).backward()
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in learning.values())
    assert not any('stem' in name for name in learning)


@pytest.mark.parametrize('path', SEGMENTORS, ids=lambda path: path.stem)
def test_segmentors(path):
    config = read_config(path)
    assert config.train_dataloader.dataset.type == 'PseudoMaskDataset'
    assert f'cti_{data_of(path)}' in config.train_dataloader.dataset.store.replace('_rib', '')
    if '-scores' in path.stem:
        assert config.model.module == read_config(str(path).replace('-scores', '')).model
        assert MODELS.get(config.model.type) is SoftmaxScores
        return
    assert config.model.decode_head.num_classes == CLASSES[data_of(path)] + 1
    with torch.device('meta'), DefaultScope.overwrite_default_scope('mmwsss'):
        MODELS.build(config.model)


@pytest.mark.parametrize('folder', ['cti', 'mctformer'])
def test_readme_names_every_config(folder):
    readme = (CONFIGS / folder / 'README.md').read_text()
    for path in (CONFIGS / folder).glob('*.py'):
        assert f'`{path.name}`' in readme, path.name


@pytest.mark.parametrize('data, steps, limit', [('voc', 8e-6, 600), ('coco', 5e-6, 1000)])
def test_rib_differs_from_cti_in_its_test_stage_alone(data, steps, limit):
    """One that is tuned reads CTI's checkpoint; the values are RIB's."""
    plain = read_config(CONFIGS / f'cti/cti_deit-s_{data}.py')
    tuned = read_config(CONFIGS / f'cti/cti-rib_deit-s_{data}.py')
    assert tuned.model.type == 'CTIRIB' and tuned.model.backbone == plain.model.backbone
    assert (tuned.model.test_cfg.lr, tuned.model.test_cfg.logit_limit) == (steps, limit)
    disjoint = tuned.test_dataloader.dataset.pipeline[1]
    assert (disjoint.batches, disjoint.batch_size) == (10, dict(voc=20, coco=15)[data])
    own = {k: v for k, v in tuned.test_dataloader.dataset.items() if k != 'pipeline'}
    assert own == {k: v for k, v in plain.test_dataloader.dataset.items() if k != 'pipeline'}


@pytest.mark.parametrize('data', ['voc', 'coco'])
def test_recipe_tunes_on_request(data, monkeypatch):
    for value, stage in (('no', 'cti'), ('yes', 'cti-rib')):
        monkeypatch.setenv('TUNED', value)
        recipe = load_recipe(CONFIGS / f'cti/cti_rib_{data}_recipe.py')
        assert recipe.stage('seeds').config == CONFIGS / f'cti/{stage}_deit-s_{data}.py'
