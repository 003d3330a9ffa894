"""The configs of the CAM baseline."""

from pathlib import Path

import pytest
import torch
import yaml
from mmengine.optim import build_optim_wrapper

from mmwsss.config import read_config
from mmwsss.registry import DATASETS, METRICS, MODELS, TRANSFORMS

CONFIGS = Path(__file__).parents[2] / 'configs'
STAGES = sorted(p for p in (CONFIGS / 'cam').glob('cam_r*.py') if not p.stem.endswith('_recipe'))


def load(name):
    return read_config(CONFIGS / 'cam' / f'{name}.py')


@pytest.fixture(params=STAGES, ids=lambda path: path.stem)
def config(request):
    return read_config(request.param)


def test_parts_exist(config):
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert DATASETS.get(loader.dataset.type) is not None
        for transform in loader.dataset.pipeline:
            TRANSFORMS.build(transform)
    validation = config.val_evaluator
    for metric in validation if isinstance(validation, list) else [validation]:
        assert METRICS.get(metric.type)
    assert METRICS.get(config.test_evaluator.type)
    assert (config.test_cfg.type, config.test_cfg.kind) == ('StoreTestLoop', 'scores')
    assert config.train_dataloader.drop_last


def test_schedule_ends_with_the_training(config):
    assert config.param_scheduler.end == config.train_cfg.max_epochs
    assert config.param_scheduler.convert_to_iter_based


def test_validation_is_cheap(config):
    """One scale: validation runs the network twice an image, for the mirrored view."""
    scales = [t.scales for t in config.val_dataloader.dataset.pipeline if t.type == 'MultiScale']
    assert scales in ([], [(0.5,)])
    assert any(t.type == 'MultiScale' for t in config.test_dataloader.dataset.pipeline)


@pytest.mark.parametrize('name, classes', [('cam_r18_shapes', 6), ('cam_r18_msrc', 14)])
def test_small_models(name, classes):
    model = MODELS.build(load(name).model).eval()
    assert model(torch.rand(1, 3, 112, 96)).cam.shape == (1, classes, 14, 12)
    assert not any(p.device.type == 'meta' for p in model.parameters())


@pytest.mark.parametrize('name, classes', [('cam_r38_voc', 20), ('cam_r38_coco', 80)])
def test_r38(name, classes):
    config = load(name)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert model.num_classes == classes
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    (group,) = wrapper.param_groups
    assert (group['lr'], group['momentum'], group['weight_decay']) == (0.02, 5e-4, 5e-4)


def test_r50():
    """Stride 16, frozen up to the second stage, and a new layer that learns ten times faster."""
    config = load('cam_r50_voc')
    model = MODELS.build(config.model).train()
    assert model.cams(torch.rand(1, 3, 64, 96)).cam.shape == (1, 20, 4, 6)
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert all(name.startswith(('backbone.layer3', 'backbone.layer4', 'head')) for name in trained)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    assert sorted({group['lr'] for group in wrapper.param_groups}) == [0.1, 1.0]


def test_metafile_lists_every_stage():
    listed = yaml.safe_load((CONFIGS / 'cam' / 'metafile.yml').read_text())['Models']
    assert {Path(model['Config']).stem for model in listed} >= {path.stem for path in STAGES}
    readme = (CONFIGS / 'cam' / 'README.md').read_text()
    assert all(f'`{path.name}`' in readme for path in STAGES)
