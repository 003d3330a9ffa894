"""ToCo and its descendant: they train, resume exactly, and leave stores."""

from pathlib import Path

import pytest

from mmwsss.engine import WSSSRunner, build_runner, load_config
from mmwsss.engine.checkpoint_io import load_checkpoint
from mmwsss.engine.testing import run_test
from mmwsss.stores import open_store
from tests.test_engine.runs import difference

ROOT = Path(__file__).parents[2]
CONFIGS = {
    'toco': ROOT / 'configs/toco/toco_vit-tiny_shapes.py',
    'dupl': ROOT / 'projects/dupl/dupl_vit-tiny_shapes.py',
}
CROPS = {'toco': 'TokenContrastViews', 'dupl': 'RandomCropPad'}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers


def load(name, shapes, work_dir, **options):
    options = {
        'model.network.backbone.stem.init_cfg': None,
        'model.segment_from': 2,
        f'train_dataloader.dataset.pipeline.{CROPS[name]}.size': 64,
        'batch.published': 5,
        'train_cfg.max_iters': 5,
        'train_cfg.val_interval': 5,
        'param_scheduler.end': 5,
        'param_scheduler.warmup': 2,
        'default_hooks.checkpoint.interval': 3,
        'test_dataloader.dataset.split': 'train',
        **{key.replace('__', '.'): value for key, value in options.items()},
    }
    for loader in ('train', 'val', 'test'):
        options[f'{loader}_dataloader.num_workers'] = 0
        options[f'{loader}_dataloader.persistent_workers'] = False
        for key, value in shapes.items():
            if key != 'type':
                options[f'{loader}_dataloader.dataset.{key}'] = value
    cfg = load_config(str(CONFIGS[name]), work_dir=str(work_dir), cfg_options=options)
    cfg.experiment_name = Path(work_dir).name
    return cfg


@pytest.mark.slow
@pytest.mark.parametrize('name', CONFIGS)
def test_from_photos_to_segmentation(name, tmp_path, tiny_shapes):
    runner = build_runner(load(name, tiny_shapes, tmp_path / f'{name}-whole'))
    runner.train()
    scalars = set(runner.message_hub.log_scalars)
    assert {'val/seg/mIoU', 'val/seeds/mIoU', 'val/tags/mAP', 'train/loss_seg'} <= scalars
    # Stopped after three iterations, in the second pass over the twelve photos, and resumed.
    parts = tmp_path / f'{name}-parts'
    build_runner(load(name, tiny_shapes, parts, train_cfg__max_iters=3)).train()
    build_runner(load(name, tiny_shapes, parts), resume='auto').train()
    files = [load_checkpoint(folder / 'iter_5.pth') for folder in (Path(runner.work_dir), parts)]
    for key in ('state_dict', 'optimizer'):
        assert difference(files[0][key], files[1][key]) == []
    metrics = run_test(
        load(name, tiny_shapes, tmp_path / f'{name}-test'), str(parts / 'iter_5.pth')
    )
    assert 0 <= metrics['seg/mIoU'] <= 100
    store = open_store(tmp_path / f'{name}-test/masks', 'masks')
    assert len(store) == 12 and store.meta.protocol['merge_scales'] == 'max'
