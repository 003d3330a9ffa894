"""The configs of ToCo and of its descendant."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper

from mmwsss.config import read_config
from mmwsss.models import DenseEnergyLoss, SoftmaxScores, ToCo
from mmwsss.registry import MODELS, TRANSFORMS
from tests.conftest import photo

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs/toco'
NETWORKS = sorted(CONFIGS.glob('toco_vit-*_*.py'))
CLASSES = dict(voc=20, coco=80, shapes=6)


def data_of(path):
    return Path(path).stem.rsplit('_', 1)[1]


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_sizes_fit(path):
    config = read_config(path)
    with torch.device('meta' if 'vit-b' in path.stem else 'cpu'):  # a ResNet asks for memory
        model = MODELS.build(config.model)
    if '-scores' in path.stem:
        assert isinstance(model, SoftmaxScores)
        model = model.module
    assert isinstance(model, ToCo) and model.num_classes == CLASSES[data_of(path)]
    assert model.network.decoder[-1].out_channels == model.num_classes + 1
    assert model.network.decoder[0].in_channels == model.network.backbone.embed_dims
    assert config.param_scheduler.end == config.train_cfg.max_iters


@pytest.mark.parametrize('name', ['voc', 'coco'])
def test_published_settings(name):
    config = read_config(CONFIGS / f'toco_vit-b_{name}.py')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    coco = name == 'coco'
    assert model.network.aux_block == 9 and model.network.backbone.depth == 12
    assert (model.high, model.low) == ((0.65, 0.25) if coco else (0.7, 0.25))
    starts = model.segment_from, model.contrast_from, model.own_cam_from
    assert starts == ((8001, 12001, 12001) if coco else (2001, 0, 0))
    losses = model.loss_ptc, model.loss_ctc, model.loss_seg, model.loss_reg
    assert [loss.loss_weight for loss in losses] == [0.2, 0.5, 0.1, 0.05]
    assert model.loss_ctc.temperature == (1 if coco else 0.5)
    assert isinstance(model.loss_reg, DenseEnergyLoss) and model.loss_reg.kernel == 'lattice'
    assert (model.local_size, model.num_local, model.cam_scales) == (96, 8, (1, 0.5, 1.5))
    assert not model.scale_token_boxes
    assert config.train_cfg.max_iters == (80_000 if coco else 20_000)
    assert config.batch.published == (8 if coco else 4)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if not coco:  # with the head of ImageNet's 1000 classes that the release keeps
        assert trainable + 769_000 == 98_914_024


@pytest.mark.parametrize('name', ['voc', 'coco'])
def test_fixed_differs_in_the_quirks_alone(name):
    published, fixed = (
        read_config(CONFIGS / f'toco_vit-b{kind}_{name}.py') for kind in ('', '_fixed')
    )
    assert fixed.model.scale_token_boxes and fixed.train_pipeline[1].consistent
    fixed.model.scale_token_boxes = fixed.train_pipeline[1].consistent = False
    fixed.train_dataloader.dataset.pipeline[1].consistent = False
    assert fixed.to_dict() == published.to_dict()


def test_rates():
    config = read_config(CONFIGS / 'toco_vit-b_voc.py')
    small = read_config(CONFIGS / 'toco_vit-tiny_shapes.py').model
    model = MODELS.build(small)
    groups = build_optim_wrapper(model, config.optim_wrapper).optimizer.param_groups
    names = {id(p): name for name, p in model.named_parameters()}
    found = {names[id(p)]: g['lr'] for g in groups for p in g['params']}
    assert {g['weight_decay'] for g in groups} == {0.01}
    for name, rate in found.items():
        fast = name.startswith(('student', 'network.decoder', 'network.classifier'))
        fast |= name.startswith('network.aux_classifier')
        if not name.startswith('teacher'):
            assert rate == pytest.approx(6e-4 if fast else 6e-5), name


@pytest.mark.parametrize(
    'path', ['configs/toco/toco_vit-tiny_shapes.py', 'projects/dupl/dupl_vit-tiny_shapes.py']
)
def test_small_config_trains_a_step(path):
    """With everything of the config but the photos and the plain CAM's network."""
    config = read_config(ROOT / path)
    config.model.network.backbone.stem.init_cfg = None
    model = MODELS.build(config.model).train()
    model.init_weights()
    model.segment_from = 0
    data = []
    for number in range(2):
        results = dict(img=photo(60, 80, number), img_id=str(number), ori_shape=(60, 80))
        results['gt_label'] = np.eye(model.num_classes, dtype=np.float32)[number]
        for step in config.train_dataloader.dataset.pipeline[1:]:
            results = TRANSFORMS.build(step)(results)
        data.append(results)
    batch = model.data_preprocessor(pseudo_collate(data), training=True)
    sum(model(**batch, mode='loss').values()).backward()
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in learning.values())
    assert not any('stem' in name for name in learning)


def test_crf_protocol():
    for path in CONFIGS.glob('crf-segmentor_toco_*.py'):
        assert read_config(path).model.refiner.refiners[0] == dict(type='CRF', protocol='toco')


def test_readme_names_every_config():
    readme = (CONFIGS / 'README.md').read_text()
    for path in CONFIGS.glob('*.py'):
        assert f'`{path.name}`' in readme, path.name
