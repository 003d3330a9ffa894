"""CTI from photos to seeds by its published config, with a thin network."""

import itertools
from pathlib import Path

import pytest

from mmwsss.engine import WSSSRunner, build_runner, load_config
from mmwsss.engine.checkpoint_io import load_checkpoint
from mmwsss.engine.testing import run_test
from mmwsss.stores import open_store
from tests.test_engine.runs import difference

CONFIGS = Path(__file__).parents[2] / 'configs'
ARCH = dict(embed_dims=12, num_layers=4, num_heads=2, feedforward_channels=24, _delete_=True)
_names = itertools.count()


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers


def data(loader, root):
    """A loader's options for the tiny photos."""
    dataset = f'{loader}.dataset'
    return {
        f'{loader}.num_workers': 0,
        f'{loader}.persistent_workers': False,
        f'{dataset}.data_root': str(root),
        f'{dataset}.split': None,
        f'{dataset}.ann_file': 'ImageSets/Segmentation/train.txt',
        f'{dataset}.tags': dict(source='list', path='image_labels.txt'),
    }


def load(root, work_dir, **options):
    views = 'train_dataloader.dataset.pipeline.1'
    options = {
        'model.backbone.init_cfg': None,
        'model.backbone.arch': ARCH,
        'model.backbone.img_size': 32,
        'model.backbone.tokenizer_channels': 6,
        'model.head.in_channels': 12,
        'model.infuse_block': 1,
        'model.bg_class_blocks': 2,
        'model.memory_size': 1,
        f'{views}.weak.0.size': 32,
        f'{views}.strong.0.size': 32,
        'batch.total': 2,
        'train_cfg.max_epochs': 2,
        'train_cfg.val_interval': 9,
        **data('train_dataloader', root),
        **data('val_dataloader', root),
        'val_dataloader.dataset.ann_file': 'with_masks.txt',
        **data('test_dataloader', root),
        **{key.replace('__', '.'): value for key, value in options.items()},
    }
    cfg = load_config(
        str(CONFIGS / 'cti/cti_deit-s_voc.py'), work_dir=str(work_dir), cfg_options=options
    )
    cfg.experiment_name = f'cti{next(_names)}'
    return cfg


def test_from_photos_to_seeds(tmp_path, tiny_voc):
    masks = sorted(path.stem for path in (tiny_voc / 'SegmentationClass').iterdir())
    (tiny_voc / 'with_masks.txt').write_text('\n'.join(masks))
    runner = build_runner(load(tiny_voc, tmp_path / 'whole'))
    runner.train()
    log = set(runner.message_hub.log_scalars)
    assert {'train/loss_cls_strong', 'train/loss_bg', 'train/loss_intra'} <= log
    # Resumed: the memory of the first epoch is still there.
    build_runner(load(tiny_voc, tmp_path / 'parts', train_cfg__max_epochs=1)).train()
    build_runner(load(tiny_voc, tmp_path / 'parts'), resume='auto').train()
    whole, parts = (load_checkpoint(tmp_path / name / 'epoch_2.pth') for name in ('whole', 'parts'))
    assert whole['state_dict']['memory.seen'].sum() == 8  # four tags, twice
    assert difference(whole['state_dict'], parts['state_dict']) == []
    assert difference(whole['optimizer'], parts['optimizer']) == []
    metrics = run_test(load(tiny_voc, tmp_path / 'seeds'), str(tmp_path / 'whole/epoch_2.pth'))
    assert 'seeds/mIoU_early' in metrics
    store = open_store(tmp_path / 'seeds/scores', 'scores')
    assert len(store) == 4 and store.meta.protocol['class_blocks'] is None
