import pytest
from mmengine.config import Config

from mmwsss.datasets import DataError
from mmwsss.engine.auto_classes import find_classes, resolve_num_classes


def config(dataset, **model):
    loaders = {} if dataset is None else {'train_dataloader': {'dataset': dataset}}
    return Config({'model': model, **loaders})


def folder(root):
    return {'type': 'TaggedFolder', 'data_root': str(root)}


def test_cam_parts_count_tags_and_segmentor_heads_the_background_too(tiny_folder):
    cfg = config(
        folder(tiny_folder),
        head={'num_classes': 'auto', 'inner': [{'out_channels': 'auto'}], 'name': 'auto'},
        decode_head={'num_classes': 'auto', 'loss': {'num_classes': 'auto'}, 'out_channels': 7},
        auxiliary_head=[{'num_classes': 'auto', 'out_channels': 'auto'}],
    )
    resolve_num_classes(cfg)
    assert cfg.model.head == {'num_classes': 3, 'inner': [{'out_channels': 3}], 'name': 'auto'}
    assert cfg.model.decode_head == {
        'num_classes': 4,
        'loss': {'num_classes': 4},
        'out_channels': 7,
    }
    assert cfg.model.auxiliary_head[0] == {'num_classes': 4, 'out_channels': 4}
    assert find_classes(cfg) == ('background', 'beach', 'cat', 'dog')


def test_photos_under_pseudo_masks_that_are_not_there_yet(tiny_folder):
    masks = {'type': 'PseudoMaskDataset', 'store': '/nowhere', 'images': folder(tiny_folder)}
    cfg = config(
        {'type': 'RepeatDataset', 'times': 2, 'dataset': masks}, head={'num_classes': 'auto'}
    )
    resolve_num_classes(cfg)
    assert cfg.model.head.num_classes == 3


def test_names_that_stand_in_the_config_or_the_class_need_no_data():
    for dataset, count in (
        ({'type': 'MSRCDataset', 'data_root': '/nowhere', 'ann_file': 'a'}, 14),
        ({'type': 'VOCTaggedDataset', 'data_root': '/nowhere', 'split': 'train'}, 20),
        ({'type': 'TaggedDataset', 'metainfo': {'classes': ('background', 'a')}}, 1),
    ):
        cfg = config(dataset, head={'num_classes': 'auto'})
        resolve_num_classes(cfg)
        assert cfg.model.head.num_classes == count


def test_known_names():
    cfg = config(None, head={'num_classes': 'auto'})
    resolve_num_classes(cfg, ('background', 'a', 'b'))
    assert cfg.model.head.num_classes == 2


def test_test_stages_and_configs_without_auto():
    cfg = config(None, head={'num_classes': 5})
    resolve_num_classes(cfg)
    assert cfg.model.head.num_classes == 5
    voc = {'type': 'VOCTaggedDataset'}
    cfg = Config({'model': {'head': {'num_classes': 'auto'}}, 'train_dataloader': None})
    with pytest.raises(ValueError, match='it has neither; write a number'):
        resolve_num_classes(cfg)
    cfg.test_dataloader = {'dataset': voc}
    resolve_num_classes(cfg)
    assert cfg.model.head.num_classes == 20


def test_missing_data_are_named(tmp_path):
    with pytest.raises(DataError, match='no such'):
        resolve_num_classes(config(folder(tmp_path), head={'num_classes': 'auto'}))
