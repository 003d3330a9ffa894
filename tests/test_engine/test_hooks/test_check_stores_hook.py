from types import SimpleNamespace

import numpy as np
import pytest

from mmwsss.engine.hooks import CheckStoresHook
from mmwsss.registry import DATASETS
from mmwsss.stores import StoreMeta, StoreMismatch, create_store
from mmwsss.structures import Proposals
from tests.conftest import VOC_TAGS


def proposal_store(folder, ids):
    store = create_store(folder, StoreMeta('proposals', ('a',), 'hash'))
    for img_id in ids:
        store.write(
            img_id,
            Proposals.from_masks(np.ones((1, 24, 32), bool), iou=[1], stability=[1], level=[0]),
        )
    return folder


def runner(tiny_voc, store, wrap=False):
    config = dict(
        type='VOCTaggedDataset',
        data_root=str(tiny_voc),
        ann_file='ImageSets/Segmentation/train.txt',
        data_prefix=dict(img_path='JPEGImages'),
        tags=dict(source='none'),
        pipeline=[dict(type='LoadImage'), dict(type='LoadProposals', store=str(store))],
    )
    dataset = DATASETS.build(config)
    if wrap:
        dataset = SimpleNamespace(dataset=SimpleNamespace(datasets=[dataset]))
    return SimpleNamespace(train_dataloader=SimpleNamespace(dataset=dataset))


@pytest.mark.parametrize('wrap', [False, True])
def test_images_that_the_store_lacks_are_named(tiny_voc, tmp_path, wrap):
    ids = list(VOC_TAGS)
    store = proposal_store(tmp_path / 'proposals', [ids[0], ids[2]])
    with pytest.raises(StoreMismatch) as error:
        CheckStoresHook().before_train(runner(tiny_voc, store, wrap))
    text = str(error.value)
    assert str(store) in text and ids[1] in text and ids[3] in text and ids[0] not in text


def test_complete_store(tiny_voc, tmp_path):
    store = proposal_store(tmp_path / 'proposals', VOC_TAGS)
    CheckStoresHook().before_train(runner(tiny_voc, store))
