"""Co2SAM from photos to maps by its configs, both protocols, with tiny networks."""

import itertools
from pathlib import Path

import pytest
import torch

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.engine import WSSSRunner, build_runner, load_config
from mmwsss.engine.testing import run_test
from mmwsss.stores import StoreMismatch, open_store

CONFIGS = Path(__file__).parents[2] / 'configs'
ARCH = dict(
    embed_dims=16, depth=2, num_heads=2, global_attn_indexes=(1,), image_size=96, patch_size=8
)
ARCH |= dict(window_size=7, out_channels=32, decoder_mlp=32, _delete_=True)
_names = itertools.count()


def load(name, work_dir, tiny_shapes, **options):
    cfg = load_config(str(CONFIGS / name), work_dir=str(work_dir))
    cfg.experiment_name = f'co2sam{next(_names)}'
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if key in cfg:
            cfg[key].update(num_workers=0, persistent_workers=False)
            if key != 'train_dataloader':
                cfg[key].batch_size = 2
            cfg[key].dataset.update(
                data_root=tiny_shapes['data_root'], drawing=tiny_shapes['drawing']
            )
            for step in cfg[key].dataset.pipeline:
                if 'side' in step:
                    step.side = 96
    arch = {k: v for k, v in ARCH.items() if k != '_delete_'}
    if 'data_preprocessor' in cfg.model:
        cfg.model.data_preprocessor.side = 96
        cfg.model.arch = arch
    if 'sam' in cfg.model:
        cfg.model.pop('arch')
        cfg.model.sam.arch = arch
    cfg.merge_from_dict(options)
    return cfg


def read(cfg, **stores):
    """Let a loader's transform read a store."""
    for loader, store in stores.items():
        for step in cfg[f'{loader}_dataloader'].dataset.pipeline:
            if step.type == 'LoadPrompts':
                step.store = str(store)
    return cfg


@pytest.mark.slow
def test_from_photos_to_maps(tmp_path, tiny_shapes, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers
    once = {'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1}
    pre = load('co2sam/sam_vit-tiny_shapes.py', tmp_path / 'sam', tiny_shapes, **once)
    for key in ('train_dataloader', 'val_dataloader'):
        pre[key].dataset.update(
            data_root=str(tmp_path / 'other'),
            drawing=dict(seed=2, num_train=4, num_val=2, size=96, class_set='other'),
        )
    build_runner(pre).train()
    sam = str(tmp_path / 'sam' / 'epoch_1.pth')

    for kind in ('tag', 'all'):
        run_test(load(f'prompts/simulated-{kind}_shapes.py', tmp_path / kind, tiny_shapes))
    store = open_store(tmp_path / 'tag' / 'prompts', 'prompts')
    assert len(store) == 12 and sum(len(store[i]) for i in store) > 5
    assert store.meta.protocol['detector']['detector'].startswith('simulated')
    assert store.meta.protocol['prompts_of'] == 'image-level labels, one by one'

    method = 'co2sam/co2sam_sam-tiny_shapes.py'
    options = {'model.sam.checkpoint': sam, **once}
    stores = dict(train=tmp_path / 'tag/prompts', val=tmp_path / 'all/prompts')
    cfg = read(load(method, tmp_path / 'co2sam', tiny_shapes, **options), **stores)
    runner = build_runner(cfg)
    runner.train()
    log = runner.message_hub.log_scalars
    assert {'train/loss_focal', 'train/loss_contrast', 'train/boxes', 'val/masks/mIoU'} <= set(log)
    checkpoint = tmp_path / 'co2sam' / 'epoch_1.pth'
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    assert all('lora_' in name or name == 'sam.sam_fingerprint' for name in state)

    for oracle in (False, True):
        prefix = 'oracle_tags' if oracle else 'masks'
        more = {'model.test_cfg': dict(oracle_tags=oracle), 'test_evaluator.prefix': prefix}
        cfg = load(method, tmp_path / prefix, tiny_shapes, **options, **more)
        metrics = run_test(read(cfg, test=tmp_path / 'all/prompts'), str(checkpoint))
        assert f'{prefix}/mIoU' in metrics
        record = open_store(tmp_path / prefix / 'masks', 'masks').meta.protocol
        used = 'oracle tags' if oracle else 'not used'
        assert record['image_labels_at_test_time'] == used
        assert record['prompts_of'] == 'all class names'

    more = {'model.test_cfg': dict(adapted=False)}
    cfg = load(method, tmp_path / 'sam_alone', tiny_shapes, **options, **more)
    assert 'masks/mIoU' in run_test(read(cfg, test=tmp_path / 'all/prompts'))

    # Masks of training photos, for a second stage; and prompts that lack an image.
    cfg = load(method, tmp_path / 'train', tiny_shapes, **options)
    cfg.test_dataloader.dataset.split = 'train'
    run_test(read(cfg, test=tmp_path / 'tag/prompts'), str(checkpoint))
    assert len(open_store(tmp_path / 'train' / 'masks', 'masks')) == 12
    missing = next(iter(store))
    store.path(missing).unlink()
    cfg = read(load(method, tmp_path / 'again', tiny_shapes, **options), **stores)
    with pytest.raises(StoreMismatch, match=rf'prompts: 1 of the 12 images .* {missing}'):
        build_runner(cfg).train()
