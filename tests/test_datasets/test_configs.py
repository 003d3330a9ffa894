from pathlib import Path

import pytest

from mmwsss.config import read_config
from mmwsss.registry import DATASETS

FOLDER = Path(__file__).parents[2] / 'configs/_base_/datasets'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def config(name, **variables):
    with pytest.MonkeyPatch.context() as patch:
        for key, value in variables.items():
            patch.setenv(key, str(value))
        return read_config(FOLDER / f'{name}.py')


@pytest.mark.parametrize('name', ['voc', 'coco', 'msrc', 'shapes', 'folder'])
def test_loaders(name):
    cfg = config(name, **{f'{name.upper()}_ROOT': '/elsewhere'})
    for key in LOADERS:
        loader = cfg[key]
        assert loader.dataset.data_root == '/elsewhere'
        assert loader.sampler.get('round_up', True) == (key == 'train_dataloader')
        assert 'seg_map_path' not in cfg.train_dataloader.dataset.data_prefix
    assert config(name).data_root.startswith('data/')


def build_and_read(cfg, **options):
    for key in LOADERS:
        dataset = DATASETS.build({**cfg[key].dataset, **options})
        assert dataset[0]['data_samples'].gt_label.shape == (dataset.num_tags,)
        assert dataset.test_mode == (key != 'train_dataloader')


def test_shapes(tiny_shapes):
    root = tiny_shapes['data_root']
    build_and_read(config('shapes', SHAPES_ROOT=root), drawing=tiny_shapes['drawing'])


def test_folder(tiny_folder):
    build_and_read(config('folder', FOLDER_ROOT=tiny_folder))


def test_msrc(shared_root):
    build_and_read(config('msrc', MSRC_ROOT=shared_root / 'data/msrcv2'))


def test_voc(shared_root):
    cfg = config('voc', VOC_ROOT=shared_root / 'data/voc12mini')
    build_and_read(cfg, split=None, ann_file='ImageSets/Segmentation/train.txt')
