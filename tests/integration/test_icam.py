"""ICAM's three stages from their small configs, one after the other in this process."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmwsss.engine import WSSSRunner
from mmwsss.engine.launch import build_runner
from mmwsss.engine.testing import run_test
from mmwsss.stores import open_store
from tests.configs import read

CONFIGS = Path(__file__).parents[2] / 'configs'
SERIAL = dict(num_workers=0, persistent_workers=False)


def stage(path, folder, shapes, **options):
    """A config on the small drawing."""
    cfg = read(path, 'shapes')
    cfg.work_dir, cfg.experiment_name = str(folder), f'icam_{folder.name}'
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(key):
            dataset = cfg[key].dataset
            dataset.get('images', dataset).update(shapes)
            cfg[key].update(SERIAL)
    if cfg.get('train_dataloader'):
        cfg.batch.total = 4
    if cfg.get('train_cfg'):
        cfg.train_cfg.update(max_epochs=1, val_interval=9)
        cfg.param_scheduler = None
        cfg.custom_hooks = []
    cfg.merge_from_dict(options)
    cfg.load_from = None
    return cfg


def trained(cfg):
    runner = build_runner(cfg)
    runner.train()
    logged = runner.message_hub.log_scalars
    assert all(
        np.isfinite(values.data[0]).all() for name, values in logged.items() if 'loss' in name
    )
    return str(Path(cfg.work_dir) / 'epoch_1.pth'), set(logged)


@pytest.mark.slow
def test_from_tags_to_predictions(tiny_shapes, tmp_path, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers
    init_default_scope('mmwsss')
    torch.manual_seed(0)

    def config(path, name, **options):
        return stage(path, tmp_path / name, tiny_shapes, **options)

    cam, losses = trained(config('icam/icam_r18_shapes.py', 'cam'))
    assert {f'train/loss_{n}' for n in ('gap', 'sampling', 'revised', 'er', 'ecr')} <= losses
    metrics = run_test(config('icam/icam_r18_shapes.py', 'seeds'), cam)
    assert {'seeds/mIoU_fixed', 'contours/mF'} <= set(metrics)
    seeds = tmp_path / 'seeds/scores'
    assert len(open_store(seeds, 'scores')) == 12

    loaded = {'test_dataloader.dataset.pipeline.1.store': str(seeds)}
    for name, alpha in (('low', 2), ('high', 4)):
        run_test(config('refine/crf.py', name, **loaded, **{'model.refiner.alpha': alpha}))
    crf = {
        f'train_dataloader.dataset.pipeline.1.{name}_alpha': str(tmp_path / name / 'scores')
        for name in ('low', 'high')
    }
    weights = {'model.backbone.init_cfg.checkpoint': cam}
    affinity, options = 'icam/psa_r18_icam_shapes.py', {**crf, **weights, **loaded}
    aff, _ = trained(config(affinity, 'aff', **options))
    metrics = run_test(config(affinity, 'walk', **options), aff)
    assert {'masks/mIoU', 'contours/mF'} <= set(metrics)
    masks = tmp_path / 'walk/masks'

    final = config('icam/largefov_r18_icam_shapes.py', 'final', **weights)
    final.train_dataloader.dataset.store = str(masks)
    final, losses = trained(final)
    assert {'train/decode.loss_ce', 'train/loss_similarity'} <= losses
    metrics = run_test(config('icam/largefov_r18_icam_shapes.py', 'predict', **weights), final)
    assert {'seg/mIoU', 'contours/mF'} <= set(metrics)
    assert len(open_store(tmp_path / 'predict/masks', 'masks')) == 6


def test_published_first_stage_with_a_thin_network(tiny_voc, tmp_path, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers
    init_default_scope('mmwsss')
    masks = sorted(path.stem for path in (tiny_voc / 'SegmentationClass').iterdir())
    (tiny_voc / 'with_masks.txt').write_text('\n'.join(masks))
    data = dict(
        data_root=str(tiny_voc),
        split=None,
        ann_file='ImageSets/Segmentation/train.txt',
        tags=dict(source='list', path='image_labels.txt'),
    )
    options = {
        'model.backbone.init_cfg': None,
        'model.backbone.base_channels': 2,
        'model.head.in_channels': (16, 32, 128),
    }

    def config(name):
        cfg = stage('icam/icam_r38_voc.py', tmp_path / name, data, **options)
        _, resize, _, _, crop, _ = cfg.train_dataloader.dataset.pipeline
        resize.update(low=48, high=64)
        crop.size = 56
        cfg.val_dataloader.dataset.ann_file = 'with_masks.txt'
        return cfg

    checkpoint, losses = trained(config('cam'))
    assert 'train/loss_similarity' in losses
    metrics = run_test(config('seeds'), checkpoint)
    assert {'seeds/mIoU_fixed', 'contours/mF'} <= set(metrics)
    store = open_store(tmp_path / 'seeds/scores', 'scores')
    assert len(store) == 4 and store.meta.stride == 1
