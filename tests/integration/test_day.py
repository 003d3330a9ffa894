"""A practitioner's whole day through the ``mmwsss`` command, on photos of the built-in data set.

Check, train, segment new photos, take masks to every labelling tool and back, correct three of
them, train again: the second segmentor must have learned from the corrected masks.
"""

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmwsss import __main__ as cli
from mmwsss.exchange import EXCHANGE_FORMATS
from mmwsss.registry import DATASETS
from mmwsss.stores import open_store

CONFIGS = Path(__file__).parents[2] / 'configs'
# Of the folder's configs with the smallest of networks.
CAM = """
_base_ = '{configs}/cam/cam_r18_folder.py'
serial = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(batch_size=4, **serial)
val_dataloader = serial
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImage'), dict(type='MultiScale', scales=(1.0,)), dict(type='PackTagged')
]), **serial)
model = dict(
    backbone=dict(stem_channels=8, base_channels=8, num_stages=2, strides=(1, 2),
                  dilations=(1, 1), out_indices=(1,)),
    head=dict(in_channels=16),
)
train_cfg = dict(max_epochs=1, val_interval=1)
"""
MASKS = """
_base_ = '{configs}/refine/threshold.py'
test_dataloader = dict(num_workers=0, persistent_workers=False)
"""
SEGMENTOR = """
_base_ = '{configs}/cam/deeplabv3plus_r18_cam_folder.py'
custom_imports = dict(imports=['noting_hook'])
custom_hooks = [dict(type='NotingHook')]
serial = dict(num_workers=0, persistent_workers=False)
# Masks as the store holds them, so that what arrives can be compared with it.
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=[
    dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')
]), **serial)
test_dataloader = serial
model = dict(
    data_preprocessor=dict(size=(64, 64)),
    backbone=dict(stem_channels=8, base_channels=8),
    decode_head=dict(in_channels=32, channels=8, c1_in_channels=8, c1_channels=8),
)
train_cfg = dict(max_epochs=1)
"""
RECIPE = """
data = 'folder'
variables = dict(FOLDER_ROOT=None)
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
recipe = [
    dict(name='cam', config='cam.py', action='train'),
    dict(name='seeds', config='cam.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    dict(name='masks', config='masks.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(name='segmentor', config='segmentor.py', action='train',
         inputs={'train_dataloader.dataset.store': 'masks.masks'}),
]
report = dict(scores='seeds.scores', masks='masks.masks')
"""
# Writes down the masks that a training is given.
HOOK = """
from pathlib import Path
import numpy as np
from mmengine.hooks import Hook
from mmwsss.registry import HOOKS

@HOOKS.register_module()
class NotingHook(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        folder = Path(runner.work_dir) / 'given'
        folder.mkdir(exist_ok=True)
        for sample in data_batch['data_samples']:
            np.save(folder / f'{sample.img_id}.npy', sample.gt_sem_seg.data[0].numpy())
"""


@pytest.fixture
def mmwsss(monkeypatch, capsys):
    """The command: what it prints; it must end well."""

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', [*sys.argv])
        monkeypatch.setattr(sys, 'path', [*sys.path])
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        assert code in (0, None), f'{code}\n{captured.out}\n{captured.err}'
        return captured.out

    return call


@pytest.fixture
def day(tmp_path, monkeypatch):
    """A folder of photos with tags, one of photos without, and a recipe."""
    drawing = {'seed': 3, 'num_train': 8, 'num_val': 3, 'size': 64}
    root = tmp_path / 'shapes'
    photos = {
        split: DATASETS.build(
            dict(type='ShapesDataset', data_root=str(root), drawing=drawing, split=split)
        )
        for split in ('train', 'val')
    }
    for split, folder in (('train', 'mine/images'), ('val', 'new')):
        (tmp_path / folder).mkdir(parents=True)
        for info in map(photos[split].get_data_info, range(len(photos[split]))):
            shutil.copy(info['img_path'], tmp_path / folder)
    names = photos['train'].metainfo['classes'][1:]
    with open(tmp_path / 'mine/tags.csv', 'w', newline='') as file:
        for info in map(photos['train'].get_data_info, range(8)):
            tags = ';'.join(name for name, k in zip(names, info['gt_label'], strict=True) if k)
            csv.writer(file).writerow([Path(info['img_path']).name, tags])
    for name, text in (('cam', CAM), ('masks', MASKS), ('segmentor', SEGMENTOR)):
        (tmp_path / f'{name}.py').write_text(text.format(configs=CONFIGS))
    (tmp_path / 'recipe.py').write_text(RECIPE)
    (tmp_path / 'noting_hook.py').write_text(HOOK)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path), prepend=':')
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_the_whole_day(day, mmwsss, warm_stages):
    text = mmwsss('check', 'folder', day / 'mine', '--pixels')
    assert '8 photos, 0 of them without tags' in text and '✗' not in text

    run = ('run', day / 'recipe.py', '--work-dir', day / 'w', '--ignore-code')
    run += ('--set', f'FOLDER_ROOT={day / "mine"}')
    text = mmwsss(*run)
    page = (day / 'w/report.html').read_text()
    assert str(day / 'w/report.html') in text and '8 images' in page
    store = open_store(day / 'w/masks/masks', 'masks')
    made = {id: store[id] for id in store}
    assert len(made) == 8

    mmwsss('predict', day / 'w', day / 'new', day / 'out', '--overlay')
    for photo in (day / 'new').iterdir():
        with Image.open(day / f'out/masks/{photo.stem}.png') as mask, Image.open(photo) as image:
            assert mask.size == image.size
    with open(day / 'out/predictions.csv', encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
    assert {row['photo'] for row in rows} == {path.name for path in (day / 'new').iterdir()}

    for name in EXCHANGE_FORMATS:
        out = day / 'tools' / name
        mmwsss('export', name, store.folder, out, '--images', day / 'mine/images')
        text = mmwsss('import-masks', name, out, store.folder)
        assert '0 masks corrected, 8 unchanged' in text, name

    # By hand, in the PNGs that were exported: other classes in a corner.
    corrected = {}
    for id in sorted(made)[:3]:
        path = day / f'tools/png/{id}.png'
        corrected[id] = made[id].copy()
        corrected[id][:9, :9] = np.where(made[id][:9, :9] == 1, 2, 1)
        Image.fromarray(corrected[id]).save(path)
    text = mmwsss('import-masks', 'png', day / 'tools/png', store.folder)
    assert '3 masks corrected, 5 unchanged' in text

    assert_equal(given_masks(day), made)
    text = mmwsss(*run)
    assert all(f'{name} is done: finished ' in text for name in ('cam', 'seeds', 'masks'))
    assert 'segmentor is redone: inputs changed (masks.masks)' in text
    assert '3 masks corrected by hand are kept and used' in text
    assert_equal(given_masks(day), {**made, **corrected})


def given_masks(day):
    """What the segmentor's training was given, by image."""
    return {path.stem: np.load(path) for path in (day / 'w/segmentor/given').iterdir()}


def assert_equal(given, expected):
    assert given.keys() == expected.keys()
    for id, mask in expected.items():
        np.testing.assert_array_equal(given[id], mask, err_msg=id)
