"""Classes of stages that hand something on."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmwsss.recipes.classes import class_conflict
from mmwsss.recipes.recipe import Reference, Stage

VOC = {'type': 'VOCTaggedDataset', 'data_root': '/nonexistent'}
COCO = {'type': 'COCOTaggedDataset', 'data_root': '/nonexistent'}
LOADER = 'test_dataloader.dataset.pipeline.LoadSeeds.store'


def config(test, train=None, number=None):
    loaders = {'test_dataloader': {'dataset': test}, 'train_dataloader': {'dataset': train or test}}
    head = {'loss': {'num_classes': 3}}
    if number is not None:
        head['num_classes'] = number
    return Config({**loaders, 'model': {'decode_head': head}})


def conflict(made, read, output='scores', key=LOADER, maker='test', reader='test'):
    return class_conflict(
        Stage('a', Path('a.py'), maker),
        made,
        Stage('b', Path('b.py'), reader),
        read,
        key,
        Reference('a', output),
    )


def named(*names):
    return {**VOC, 'metainfo': {'classes': ('background', *names)}}


def test_stores():
    assert conflict(config(VOC), config(VOC)) == ''
    assert conflict(config(VOC), config(COCO)) == (
        'a makes a.scores for other classes than b: 20 (aeroplane, bicycle, bird, ...) there, '
        '80 (person, bicycle, car, ...) here'
    )
    found = conflict(config(named('cat', 'dog')), config(named('dog', 'cat')), 'masks')
    assert found.endswith("b: class 1 is 'cat' there and 'dog' here")
    wrapped = {'type': 'PseudoMaskDataset', 'store': 'a.masks', 'images': VOC}
    key = 'train_dataloader.dataset.store'
    assert conflict(config(VOC), config(COCO, wrapped), 'masks', key, reader='train') == ''
    assert conflict(config(COCO), config(COCO, wrapped), 'masks', key, reader='train')


def test_what_is_of_no_classes_or_cannot_be_known():
    assert conflict(config(VOC), config(COCO), 'proposals') == ''
    assert conflict(config(VOC), config(COCO), 'masks', 'model.refiner.store') == ''
    shapes = {'type': 'ShapesDataset', 'data_root': '/nonexistent'}
    own = {'type': 'FolderTaggedDataset', 'data_root': '/nonexistent'}
    for unknown in (shapes, own, {}, {'type': 'NoSuchDataset'}):
        assert conflict(config(VOC), config(unknown)) == ''


@pytest.mark.parametrize('number', [None, 21, 'auto'])
def test_weights(number):
    options = {'output': 'checkpoint', 'key': 'load_from', 'maker': 'train'}
    one, other = config(VOC, number=number), config(COCO, number=number and 81)
    assert conflict(one, one, **options) == ''
    found = conflict(one, other, **options)
    if number is None:  # of a network without classes only the order of those of one name counts
        assert found.endswith("b: 'bird' is class 3 of the checkpoint and class 15 of the data")
    else:
        assert found.endswith('b: model.decode_head.num_classes is 21 there and 81 here')
    assert conflict(one, other, **{**options, 'reader': 'train'}) == '', 'it starts a training'
    part = {**options, 'key': 'model.backbone.init_cfg.checkpoint'}
    assert conflict(one, other, **part) == ''
    turned = conflict(config(named('cat', 'dog')), config(named('dog', 'cat')), **options)
    assert "'cat' is class 1 of the checkpoint and class 2 of the data" in turned
