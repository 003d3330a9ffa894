"""The configs and recipes of ICAM."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmwsss.config import read_config
from mmwsss.models import ICAM, AffinityNet, AveragedScores, SimilaritySegmentor, SoftmaxScores
from mmwsss.models.conversion import FORMATS
from mmwsss.recipes.reading import load_recipe
from mmwsss.registry import MODELS, TRANSFORMS
from tests.configs import claimed, read, stages
from tests.conftest import photo

FOLDER = Path(__file__).parents[2] / 'configs' / 'icam'
CONFIGS = sorted(path for path in FOLDER.glob('*.py') if not path.stem.endswith('_recipe'))
STAGES = list(stages('icam/*.py'))
DATA = {'voc': 20, 'coco': 80, 'coco17': 80}


def load(name):
    return read_config(FOLDER / f'{name}.py')


def build(model):
    # mmpretrain's backbones cannot be built without memory.
    backbone = model.get('module', model).get('backbone', {})
    device = 'cpu' if str(backbone.get('type')).startswith('mmpretrain') else 'meta'
    with torch.device(device), DefaultScope.overwrite_default_scope('mmwsss'):
        return MODELS.build(model)


@pytest.mark.parametrize('path, data', STAGES)
def test_every_config_is_complete(path, data):
    config = read(path, data)
    name = Path(path).stem if claimed(path) is None else data.removesuffix('_icam')
    if config.model.type != 'RefineModel':
        build(config.model)
    loaders = [config.get('train_dataloader'), config.test_dataloader]
    for loader in loaders:
        for step in loader.dataset.pipeline if loader else ():
            assert TRANSFORMS.get(step['type']) is not None, step['type']
    if name.endswith(('coco', 'coco17')):
        dataset = config.test_dataloader.dataset
        year = 2017 if name.endswith('17') else 2014
        assert dataset.untagged and dataset.get('year', 2014) == year
        for text in (*dataset.data_prefix.values(), dataset.tags.path):
            assert text.endswith((str(year), f'{year}.txt'))
    metrics = config.test_evaluator
    kinds = [metric.type for metric in (metrics if isinstance(metrics, list) else [metrics])]
    if 'scores' not in path and 'crf_' not in path:
        assert kinds[-1] == 'ContourMetric' and len(kinds) == 2


@pytest.mark.parametrize('data', DATA)
def test_first_stage_as_published(data):
    config = load(f'icam_r38_{data}')
    model = build(config.model).train()
    assert type(model) is ICAM and model.num_classes == DATA[data]
    assert model.loss_sampling.num_samples == 100 and model.sampling_weight == 0.8
    loss = model.loss_similarity
    assert (loss.mu, loss.sigma, loss.loss_weight) == (2.5, 5.0, 0.5)
    groups = build_optim_wrapper(model, config.optim_wrapper).param_groups
    assert {(g['lr'], g['momentum'], g['weight_decay']) for g in groups} == {
        (0.01, 5e-4, 5e-4),
        (0.1, 5e-4, 5e-4),
    }
    assert config.train_cfg.max_epochs == config.param_scheduler.end == 8
    assert config.batch.published == 8 and config.train_dataloader.drop_last
    pipeline = config.train_dataloader.dataset.pipeline
    assert [step.type for step in pipeline] == [
        *('LoadImage', 'RandomResizeLong', 'RandomFlip', 'ColorJitter', 'RandomCropPad'),
        'PackTagged',
    ]
    assert (pipeline[1].low, pipeline[1].high, pipeline[4].size) == (448, 768, 448)
    assert config.test_dataloader.dataset.pipeline[1].scales == (0.5, 1.0, 1.5, 2.0)
    assert config.test_cfg.stride == 1
    if data == 'voc':
        assert 105.3e6 < sum(p.numel() for p in model.parameters()) < 105.5e6


@pytest.mark.parametrize('data', DATA)
def test_second_stage_as_published(data):
    config = load(f'psa_r38_icam_{data}')
    model = build(config.model)
    assert type(model) is AffinityNet
    cfg = model.test_cfg
    assert (cfg.alpha, cfg.beta, cfg.log_steps, cfg.radius) == (6, 8, 6, 5)
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay) == (0.01, 5e-4, 5e-4)
    assert config.train_cfg.max_epochs == config.param_scheduler.end == 8
    kinds = [step.type for step in config.train_dataloader.dataset.pipeline]
    assert kinds[2:5] == ['ColorJitter', 'RandomCropPad', 'RandomFlip']
    assert config.train_dataloader.dataset.pipeline[3].fill == 0, 'black'


@pytest.mark.parametrize('data', DATA)
def test_final_stage_as_published(data):
    config = load(f'largefov_r38_icam_{data}')
    model = build(config.model).train()
    assert type(model) is SimilaritySegmentor
    assert model.decode_head.num_classes == DATA[data] + 1 and model.decode_head.align_corners
    assert all(module.training for module in model.backbone.modules()), 'batch statistics'
    assert model.backbone.stem.weight.requires_grad
    assert model.scales == (0.5, 0.75, 1.0, 1.25, 1.5, 1.75) and model.flip
    iterations = 20000 if data == 'voc' else 200000
    assert config.train_cfg.max_iters == iterations == config.param_scheduler.end - 1
    loader = config.train_dataloader
    assert config.batch.published == 10 and loader.drop_last
    assert [step.type for step in loader.dataset.pipeline][2:6] == [
        *('HSVShift', 'RandomFlip', 'RandomRescale', 'RandomCropPad')
    ]
    scores = load(f'largefov_r38-scores_icam_{data}')
    assert scores.model.module == config.model and MODELS.get(scores.model.type) is SoftmaxScores
    crf = load('crf-segmentor_icam').model.refiner.refiners[0]
    assert crf == dict(type='CRF', protocol='icam_final')


@pytest.mark.parametrize('backbone', ['r2n101', 'r38'])
def test_extended_training(backbone):
    first, second = (load(f'pspnet_{backbone}{k}_icam_voc') for k in ('-pus', ''))
    for head, weight in (('decode_head', 1.0), ('auxiliary_head', 0.4)):
        loss = first.model[head].loss_decode
        assert (loss.type, loss.beta, loss.k) == ('PretendedUnderFittingLoss', 0.5, 0.5)
        assert loss.get('loss_weight', 1.0) == weight
        assert second.model[head].loss_decode.avg_non_ignore is False
    assert first.optim_wrapper.optimizer.lr == 0.005 and first.param_scheduler.eta_min == 1e-4
    assert first.train_cfg.max_iters == 20000 and first.batch == dict(published=16, at_once=2)
    scores = load(f'pspnet_{backbone}-scores_icam_voc')
    assert MODELS.get(scores.model.type) is AveragedScores
    assert scores.model.module == second.model
    transforms = scores.test_dataloader.dataset.pipeline[1].transforms
    assert len(transforms[0]) == 6 and len(transforms[1]) == 2


def test_extended_training_on_coco():
    config = load('pspnet_r2n101-pus_icam_coco')
    assert config.model.decode_head.loss_decode.k == 0.8
    assert config.model.auxiliary_head.num_classes == 81
    assert config.optim_wrapper.optimizer.lr == 0.01 and config.param_scheduler.eta_min == 5e-5
    assert config.train_cfg.max_iters == config.param_scheduler.end == 40000


@pytest.mark.parametrize('data', DATA)
def test_recipe_has_the_published_order(data):
    recipe = load_recipe(FOLDER / f'icam_{data}_recipe.py')
    assert [stage.name for stage in recipe.stages] == [
        *('cam', 'seeds_val', 'seeds_train', 'crf_low', 'crf_high', 'aff'),
        *('walk_val', 'walk_train', 'final', 'scores_val', 'final_val'),
        *('scores_train', 'final_train'),
    ]
    alphas = [recipe.stage(f'crf_{n}').cfg_options['model.refiner.alpha'] for n in ('low', 'high')]
    assert alphas == [2, 4]
    for stage in recipe.stages:
        split = stage.cfg_options.get('test_dataloader.dataset.split')
        if stage.name.endswith('_val'):
            assert split == 'val'
            for key, value in stage.cfg_options.items():
                if data != 'voc' and not key.endswith('split'):
                    assert f'val20{17 if data == "coco17" else 14}' in value
    inputs = {key: str(value) for key, value in recipe.stage('final').inputs.items()}
    assert inputs == {'train_dataloader.dataset.store': 'walk_train.masks'}


@pytest.mark.parametrize('name', ['shapes', 'msrc'])
def test_small_config_trains_a_step(name):
    """With everything of the config but the photos."""
    config = load(f'icam_r18_{name}')
    pipeline = [TRANSFORMS.build(step) for step in config.train_dataloader.dataset.pipeline]
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
    losses = model(**batch, mode='loss')
    assert len(losses) == 6
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('name', ['shapes', 'msrc'])
def test_small_configs_have_the_plain_cams_data_and_network(name):
    plain = read_config(FOLDER.parent / 'cam' / f'cam_r18_{name}.py')
    first, second = load(f'icam_r18-plain_{name}'), load(f'icam_r18_{name}')
    for config in (first, second):
        assert config.train_dataloader == plain.train_dataloader
        own, other = dict(config.model.backbone), dict(plain.model.backbone)
        assert own.pop('out_indices') == (0, 1, 2) and other.pop('out_indices') == (2,)
        assert own == other
    assert first.optim_wrapper == plain.optim_wrapper
    assert first.model.loss_sampling is None and first.model.loss_similarity is None
    epochs = first.train_cfg.max_epochs
    assert second.load_from.endswith(f'icam_r18-plain_{name}/epoch_{epochs}.pth')
    kept = {'loss_sampling', 'loss_similarity'}
    for key in set(first.model) - kept:
        assert first.model[key] == second.model[key], key


@pytest.mark.parametrize(
    'kind, name',
    [
        ('icam', 'icam_r38_voc'),
        ('psa', 'psa_r38_icam_voc'),
        ('icam_final', 'largefov_r38_icam_voc'),
        ('icam_extended_r38', 'pspnet_r38_icam_voc'),
        ('icam_extended_r2n101', 'pspnet_r2n101_icam_voc'),
    ],
)
def test_converted_checkpoints_fit_their_configs(kind, name):
    model = build(load(name).model)
    with torch.device('meta'):
        assert set(FORMATS[kind].counterpart().state_dict()) == set(model.state_dict())


def test_readme_and_metafile_list_everything():
    listed = yaml.safe_load((FOLDER / 'metafile.yml').read_text())['Models']
    trained = {path.stem for path in CONFIGS if read_config(path).get('train_cfg')}
    assert {model['Name'] for model in listed} == trained
    readme = (FOLDER / 'README.md').read_text()
    for path in FOLDER.glob('*.py'):
        assert f'`{path.name}`' in readme, path.name
