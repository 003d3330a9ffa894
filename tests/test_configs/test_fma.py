"""The configs of FMA-WSSS."""

from pathlib import Path

import pytest
import torch
import yaml

from mmwsss.config import read_config
from mmwsss.recipes.reading import load_recipe
from mmwsss.refiners import SAMSeeding
from mmwsss.registry import DATASETS, METRICS, REFINERS, TRANSFORMS
from tests.configs import read, stages

CONFIGS = Path(__file__).parents[2] / 'configs'
PROMPTS = sorted(path for path in (CONFIGS / 'fma').glob('fma_vit-*.py'))
DATA = {'voc': (20, 'VOC 2012'), 'coco': (80, 'COCO 2014'), 'shapes': (6, 'built-in')}
STORES = ('LoadProposals', 'LoadPseudoMask')


def load(name):
    return read_config(CONFIGS / 'fma' / f'{name}.py')


@pytest.fixture(params=PROMPTS, ids=lambda path: path.stem)
def config(request):
    return read_config(request.param)


def parts(config):
    _, network, data = Path(config.filename).stem.split('_')
    task, *masks = network.split('-')[2:]
    return task, bool(masks), data


def test_parts_exist(config):
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert DATASETS.get(loader.dataset.type) is not None
        for transform in loader.dataset.pipeline:
            if transform.type not in STORES:
                TRANSFORMS.build(transform)
    assert METRICS.get(config.test_evaluator.type)


def test_one_task_each(config):
    """Either loss, the maps from pseudo masks; masks are made with the proposals."""
    task, masks, data = parts(config)
    kinds = [step.type for step in config.train_dataloader.dataset.pipeline]
    losses = {key for key in ('loss_contrastive', 'loss_cam') if config.model.get(key)}
    assert losses == ({'loss_contrastive'} if task == 'cls' else {'loss_cam'})
    assert ('LoadPseudoMask' in kinds) == (task == 'seg')
    tested = [step.type for step in config.test_dataloader.dataset.pipeline]
    assert ('LoadProposals' in tested) == masks == bool(config.model.get('seeding'))
    assert config.test_cfg.kind == ('masks' if masks else 'scores')
    assert 'MultiScale' not in tested and tested[-2] == 'ResizeToMultiple'
    assert config.model.num_classes == len(config.model.prompts.names) == DATA[data][0]


def test_model_builds(config):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from mmwsss.models import CLIP, FMA
    from mmwsss.models.clip.sizes import parse_sizes

    clip = object.__new__(CLIP)  # without its weights
    clip.sizes = parse_sizes(config.model.clip.arch)
    arguments = {**config.model, 'clip': clip}
    arguments.pop('type')
    with torch.device('meta'):
        model = FMA(**arguments)
    shape = tuple(model.prompt.ctx.shape)
    width = clip.sizes.transformer_width
    expected = (len(model.prompt), 16, width) if model.tags_of_crop else (16, width)
    assert shape == expected


PUBLISHED = {
    'cls_voc': (1800, 500, 1800, 1, ('score', 0.4), 0.6, 45),
    'seg_voc': (17000, 500, 17000, 1, ('cam', 0.5), 0.7, 45),
    'cls_coco': (20500, 1000, 6150, 4, ('cam', 0.6), 0.4, 103),
    'seg_coco': (75000, 1000, 45000, 8, None, 1.0, 103),
}


@pytest.mark.parametrize('name', PUBLISHED)
def test_published_values(name):
    task, data = name.split('_')
    config, masks = load(f'fma_vit-b16-{name}'), load(f'fma_vit-b16-{task}-masks_{data}')
    schedule, warm_up, used, sub_batches, caa, power, prompts = PUBLISHED[name]
    assert config.param_scheduler[1].end == schedule
    assert config.param_scheduler[1].begin == warm_up
    assert config.train_cfg.max_iters == used
    assert config.model.get('sub_batches', 1) == sub_batches
    found = config.model.get('test_cfg', {}).get('caa')
    assert (found and (found.source, found.threshold)) == caa
    assert masks.model.seeding.power == power
    assert len(config.model.prompts.names) + len(config.model.prompts.background) == prompts
    assert config.batch == dict(published=16)
    assert masks.train_cfg == config.train_cfg and masks.model.prompts == config.model.prompts
    assert config.train_dataloader.dataset.tags == config.test_dataloader.dataset.tags


@pytest.mark.parametrize('data', ['voc', 'coco'])
def test_quasi_superpixels(data):
    config = read('proposals/fma-sam_vit-h.py', data)
    proposer = config.model.proposer
    assert (proposer.pred_iou_thresh, proposer.stability_score_thresh) == (0.86, 0.92)
    assert (proposer.iou_offset, proposer.nms_offset) == ((0, 0, 0.1), (0, 0, 1.0))
    assert proposer.rock_sand_water == 0.3 and proposer.min_mask_region_area == 100
    assert (proposer.crop_n_layers, proposer.crop_n_points_downscale_factor) == (1, 2)
    assert config.test_cfg.kind == 'proposals'


@pytest.mark.parametrize('path, data', list(stages('refine/sam-seeding*.py')))
def test_seeding_of_any_store(path, data):
    config = read(path, data)
    assert isinstance(REFINERS.build(config.model.refiner), SAMSeeding)
    kinds = [step.type for step in config.test_dataloader.dataset.pipeline]
    assert kinds == ['LoadImage', 'LoadSeeds', 'LoadProposals', 'PackTagged']


@pytest.mark.parametrize('data, classes, iterations', [('voc', 21, 80000), ('coco', 81, 100000)])
def test_second_stage(data, classes, iterations):
    config = load(f'mask2former_swin-l_fma_{data}')
    assert config.model.decode_head.num_classes == classes
    assert len(config.model.decode_head.loss_cls.class_weight) == classes + 1
    assert config.train_cfg.max_iters == config.param_scheduler.end == iterations
    assert config.batch == dict(published=4, at_once=2)
    for loader in (config.val_dataloader, config.test_dataloader):
        assert data.upper() in loader.dataset.type


@pytest.mark.parametrize('data', DATA)
def test_recipes_go_from_coarse_to_fine(data):
    names = [stage.name for stage in load_recipe(CONFIGS / f'fma/fma_{data}_recipe.py').stages]
    assert names.index('coarse') < names.index('seg') < names.index('fine')


def test_listed():
    listed = yaml.safe_load((CONFIGS / 'fma' / 'metafile.yml').read_text())['Models']
    paths = {path.stem for path in (CONFIGS / 'fma').glob('*.py')}
    assert {m['Name'] for m in listed} == {p for p in paths if not p.endswith('_recipe')}
    readme = (CONFIGS / 'fma' / 'README.md').read_text()
    for path in (CONFIGS / 'fma').glob('*.py'):
        assert f'`{path.name}`' in readme, path.name
