"""The configs of Co2SAM, of its prompts and of what follows it."""

from pathlib import Path

import pytest
import torch
import yaml
from mmengine.registry import DefaultScope

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.config import read_config
from mmwsss.models import Co2SAM, SAMFromMasks
from mmwsss.models.detectors.grounding import GroundingDetector
from mmwsss.models.sam.lora import lora_parameters
from mmwsss.registry import DATASETS, MODELS, TRANSFORMS
from tests.configs import read, stages

CONFIGS = Path(__file__).parents[2] / 'configs'
METHOD = [
    path
    for path in sorted((CONFIGS / 'co2sam').glob('co2sam_*.py'))
    if not path.stem.endswith('_recipe')
]
PROMPTS = list(stages('prompts/*.py'))
SEGMENTORS = sorted((CONFIGS / 'co2sam').glob('*_co2sam_*.py'))


def step(config, loader, kind):
    (found,) = [s for s in config[f'{loader}_dataloader'].dataset.pipeline if s.type == kind]
    return found


@pytest.mark.parametrize('path', METHOD, ids=lambda path: path.stem)
def test_builds(path):
    config = read_config(path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert type(model) is Co2SAM
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == set(lora_parameters(model))
    side = model.data_preprocessor.side
    assert side == model.sam.sizes.image_size == step(config, 'train', 'Co2SAMViews').side
    assert side == step(config, 'test', 'ToSAMFrame').side == step(config, 'val', 'ToSAMFrame').side
    for loader in ('train', 'val', 'test'):
        for kind in config[f'{loader}_dataloader'].dataset.pipeline:
            if kind.type != 'LoadPrompts':  # opens its store
                TRANSFORMS.build(kind)
        classes = DATASETS.get(config[f'{loader}_dataloader'].dataset.type).METAINFO.get('classes')
        assert classes is None or len(classes) == model.num_classes + 1
    assert 'seg_map_path' not in config.train_dataloader.dataset.data_prefix
    assert config.optim_wrapper.type == 'SkippingOptimWrapper'
    assert config.default_hooks.param_scheduler.type == 'ExecutedStepsHook'
    assert config.param_scheduler.by_epoch is False, 'mmengine would take steps for epochs'


@pytest.mark.parametrize('path', METHOD, ids=lambda path: path.stem)
def test_oracle_tags_are_never_reported_as_anything_else(path):
    config = read_config(path)
    oracle = config.model.get('test_cfg', {}).get('oracle_tags', False)
    for key in ('val_evaluator', 'test_evaluator'):
        assert config[key].get('prefix', 'masks') == ('oracle_tags' if oracle else 'masks')


@pytest.mark.parametrize('name', ['voc', 'coco'])
def test_published_and_fixed(name):
    published = read_config(CONFIGS / f'co2sam/co2sam_sam-b_{name}.py')
    fixed = read_config(CONFIGS / f'co2sam/co2sam_sam-b_fixed_{name}.py')
    assert published.model.sam == fixed.model.sam and published.model.loss == fixed.model.loss
    for key in ('optim_wrapper', 'param_scheduler', 'train_cfg'):
        assert published[key] == fixed[key]
    with torch.device('meta'):
        models = [MODELS.build(config.model) for config in (published, fixed)]
    assert sum(p.numel() for p in lora_parameters(models[0]).values()) == 147_456
    assert models[0].criterion.focal_weight == {'voc': 30, 'coco': 20}[name]
    assert models[0].criterion.entropy_weight == {'voc': 1, 'coco': 0}[name]
    cfg = [model.test_cfg for model in models]
    assert [c.oracle_tags for c in cfg] == [c.absent_compete for c in cfg] == [True, False]
    assert [c.drop_unmatched for c in cfg] == [False, True]
    assert [m.data_preprocessor.normalize_train for m in models] == [False, True]
    views = [step(config, 'train', 'Co2SAMViews') for config in (published, fixed)]
    assert [v.keep_ratio for v in views] == [v.flip_prompts for v in views] == [False, True]
    stores = [step(config, 'train', 'LoadPrompts').store for config in (published, fixed)]
    assert ['published' in store for store in stores] == [True, False]
    assert published.batch == dict(published=1)


@pytest.mark.parametrize('path, data', PROMPTS)
def test_prompts(path, data):
    config = read(path, data)
    names = config.model.names
    dataset = config.test_dataloader.dataset
    classes = DATASETS.get(dataset.type).METAINFO.get('classes')
    assert classes is None or list(classes[1:]) == list(names)
    assert config.test_cfg == dict(type='StoreTestLoop', kind='prompts')
    assert (dataset.split == 'val') == (config.model.captions == 'all')
    for kind in dataset.pipeline:
        TRANSFORMS.build(kind)
    if 'gdino' in path:
        options = config.model.detector.options
        published = '-published' in path
        assert options.swap_channels == published and (options.rule == 'first') == published
        assert config.model.get('background') == (
            'background' if published and config.model.captions == 'all' else None
        )

        class Check(GroundingDetector):
            tokenize = decode = ground = None

        Check(**options)


def test_pretraining_has_other_classes():
    config = read_config(CONFIGS / 'co2sam/sam_vit-tiny_shapes.py')
    adapted = read_config(CONFIGS / 'co2sam/co2sam_sam-tiny_shapes.py')
    assert type(MODELS.build(config.model)) is SAMFromMasks
    assert config.model.arch == adapted.model.sam.arch and config.allow_ground_truth_masks
    sets = [c.train_dataloader.dataset.drawing.class_set for c in (config, adapted)]
    assert sets == ['other', 'main']
    assert f'epoch_{config.train_cfg.max_epochs}.pth' in adapted.model.sam.checkpoint


@pytest.mark.parametrize('path', SEGMENTORS, ids=lambda path: path.stem)
def test_segmentors(path):
    config = read_config(path)
    assert config.train_dataloader.dataset.type == 'PseudoMaskDataset'
    assert 'co2sam' in config.train_dataloader.dataset.store
    with torch.device('meta'), DefaultScope.overwrite_default_scope('mmwsss'):
        MODELS.build(config.model)


def test_everything_is_documented():
    folder = CONFIGS / 'co2sam'
    listed = yaml.safe_load((folder / 'metafile.yml').read_text())['Models']
    assert {Path(m['Config']).stem for m in listed} >= {path.stem for path in METHOD}
    readme = (folder / 'README.md').read_text()
    for path in [*folder.glob('*.py'), *(CONFIGS / 'prompts').glob('*.py')]:
        assert f'`{path.name}`' in readme, path.name
