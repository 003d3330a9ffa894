"""S2C from photos to seeds by its published configs, with a tiny SAM and a thin network."""

import itertools
from pathlib import Path

import pytest
import torch

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.engine import WSSSRunner, build_runner, load_config
from mmwsss.engine.testing import run_test
from mmwsss.models import CAMGenerator
from mmwsss.registry import MODELS
from mmwsss.stores import StoreMismatch, open_store
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam

CONFIGS = Path(__file__).parents[2] / 'configs'
ARCH = dict(SIZES, _delete_=True)
_names = itertools.count()


@pytest.fixture
def sam_file(tmp_path):
    path = tmp_path / 'sam.pth'
    torch.save(tiny_sam(salt='b', level=0.3).module.state_dict(), path)
    return str(path)


def load(name, work_dir, options):
    cfg = load_config(str(CONFIGS / name), work_dir=str(work_dir), cfg_options=options)
    cfg.experiment_name = f's2c{next(_names)}'
    return cfg


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


def propose(tmp_path, root, sam_file):
    sam = 'model.proposer.sam'
    options = {f'{sam}.arch': ARCH, f'{sam}.checkpoint': sam_file}
    for name, value in (('points_per_side', 3), ('pred_iou_thresh', 0.1)):
        options[f'model.proposer.{name}'] = value
    options['model.proposer.stability_score_thresh'] = 0.5
    options['model.proposer.stability_score_offset'] = 0.03
    options |= data('test_dataloader', root)
    run_test(load('proposals/sam_vit-h.py', tmp_path / 'proposals', options))
    return tmp_path / 'proposals' / 'proposals'


def network(folder, root, sam_file, store):
    """Options of the published S2C config."""
    return {
        'model.backbone.init_cfg': None,
        'model.backbone.base_channels': 2,
        'model.head.in_channels': 128,
        'model.point_decoder.sam.arch': ARCH,
        'model.point_decoder.sam.checkpoint': sam_file,
        'model.cpm_begin': 0,
        'model.peak_distance': 4,
        'batch.total': 2,
        'train_dataloader.dataset.pipeline.1.store': str(store),
        'train_dataloader.dataset.pipeline.3.low': 32,
        'train_dataloader.dataset.pipeline.3.high': 48,
        'train_dataloader.dataset.pipeline.7.size': 32,
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 9,
        **data('train_dataloader', root),
        **data('val_dataloader', root),
        'val_dataloader.dataset.ann_file': 'with_masks.txt',
        **data('test_dataloader', root),
    }


def test_from_photos_to_seeds(tmp_path, tiny_voc, sam_file, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers
    masks = sorted(path.stem for path in (tiny_voc / 'SegmentationClass').iterdir())
    (tiny_voc / 'with_masks.txt').write_text('\n'.join(masks))
    folder = propose(tmp_path, tiny_voc, sam_file)
    store = open_store(folder, 'proposals')
    assert len(store) == 4 and sum(len(store[i]) for i in store) > 0
    record = store.meta.protocol['proposer']
    assert record['points_per_side'] == 3 and record['sam']['checkpoint']

    # Resumed: what is there stays, what is missing is made again.
    ids = list(store)
    times = {i: store.path(i).stat().st_mtime_ns for i in ids}
    content = store.path(ids[1]).read_bytes()
    store.path(ids[1]).unlink()
    options = network(tmp_path, tiny_voc, sam_file, folder)
    with pytest.raises(StoreMismatch, match=rf'proposals: .*{ids[1]}'):
        build_runner(load('s2c/s2c_r38_voc.py', tmp_path / 's2c', options)).train()
    propose(tmp_path, tiny_voc, sam_file)
    assert store.path(ids[1]).read_bytes() == content
    assert {i for i in ids if store.path(i).stat().st_mtime_ns == times[i]} == {*ids} - {ids[1]}

    cfg = load('s2c/s2c_r38_voc.py', tmp_path / 's2c', options)
    runner = build_runner(cfg)
    runner.train()
    log = runner.message_hub.log_scalars
    assert {'train/loss_cls', 'train/loss_ssc', 'train/loss_cpm'} <= set(log)
    checkpoint = str(tmp_path / 's2c' / 'epoch_1.pth')
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    plain = {k: v for k, v in cfg.model.items() if k in ('backbone', 'head', 'data_preprocessor')}
    model = MODELS.build(dict(plain, type='CAMGenerator'))
    assert type(model) is CAMGenerator and set(state) == set(model.state_dict())

    cfg = load('s2c/s2c_r38_voc.py', tmp_path / 'seeds', options)
    cfg.model.point_decoder.sam.checkpoint = 'not/there.pth'  # SAM takes no part
    metrics = run_test(cfg, checkpoint)
    assert 'seeds/mIoU' in metrics and len(open_store(tmp_path / 'seeds' / 'scores')) == 4
