import numpy as np
import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.registry import init_default_scope

from mmwsss.datasets.stores_read import require_stores, stores_read
from mmwsss.datasets.transforms import LoadProposals, TwoViews
from mmwsss.registry import DATASETS
from mmwsss.stores import StoreMeta, StoreMismatch, create_store
from mmwsss.structures import Proposals, Seeds
from tests.conftest import VOC_TAGS

IDS = list(VOC_TAGS)
CLASSES = DATASETS.get('VOCTaggedDataset').METAINFO['classes'][1:]


def proposal_store(folder, ids=IDS):
    store = create_store(folder, StoreMeta('proposals', ('a',), 'hash'))
    for img_id in ids:
        masks = np.ones((1, 24, 32), bool)
        store.write(img_id, Proposals.from_masks(masks, iou=[1], stability=[1], level=[0]))
    return folder


def score_store(folder, ids=IDS, classes=CLASSES):
    store = create_store(folder, StoreMeta('scores', classes, 'hash'))
    for img_id in ids:
        store.write(img_id, Seeds([0], np.zeros((1, 24, 32)), np.zeros((24, 32))))
    return folder


def mask_store(folder, ids=IDS):
    store = create_store(folder, StoreMeta('masks', CLASSES, 'hash'))
    for img_id in ids:
        store.write(img_id, np.zeros((24, 32), np.uint8))
    return folder


def photos(root, *steps):
    init_default_scope('mmwsss')  # mmcv's wrappers build their steps in it
    return DATASETS.build(
        dict(
            type='VOCTaggedDataset',
            data_root=str(root),
            ann_file='ImageSets/Segmentation/train.txt',
            data_prefix=dict(img_path='JPEGImages'),
            tags=dict(source='none'),
            pipeline=[dict(type='LoadImage'), *steps],
        )
    )


WRAPPERS = {
    'bare': lambda dataset: dataset,
    'repeated': lambda dataset: RepeatDataset(dataset, 2),
    'joined': lambda dataset: ConcatDataset([dataset, dataset]),
}
STEPS = {
    'plain': lambda step: step,
    'applied at random': lambda step: dict(type='mmcv.RandomApply', transforms=[step]),
    'chosen': lambda step: dict(type='mmcv.RandomChoice', transforms=[[step], [step]]),
    'in a view': lambda step: dict(type='TwoViews', weak=[step], strong=[step]),
}


@pytest.mark.parametrize('wrap', WRAPPERS)
@pytest.mark.parametrize('place', STEPS)
def test_images_that_the_store_lacks_are_named(tiny_voc, tmp_path, wrap, place):
    folder = proposal_store(tmp_path / 'proposals', [IDS[0], IDS[2]])
    step = STEPS[place](dict(type='LoadProposals', store=str(folder)))
    dataset = WRAPPERS[wrap](photos(tiny_voc, step))
    with pytest.raises(StoreMismatch) as error:
        require_stores(dataset)
    text = str(error.value)
    assert text.startswith('train_dataloader.dataset (LoadProposals): ')
    assert str(folder) in text and IDS[1] in text and IDS[3] in text and IDS[0] not in text
    proposal_store(folder)
    require_stores(dataset)


def test_other_classes(tiny_voc, tmp_path):
    folder = score_store(tmp_path / 'scores', classes=CLASSES[::-1])
    with pytest.raises(StoreMismatch, match=r'val_dataloader.dataset \(LoadSeeds\): .*20 classes'):
        require_stores(
            photos(tiny_voc, dict(type='LoadSeeds', store=folder)), 'val_dataloader.dataset'
        )


def test_each_store_once_in_the_order_of_the_pipeline(tiny_voc, tmp_path):
    low, high = score_store(tmp_path / 'low'), score_store(tmp_path / 'high')
    masks, found = mask_store(tmp_path / 'masks'), proposal_store(tmp_path / 'found')
    dataset = photos(
        tiny_voc,
        dict(type='LoadCRFScores', low_alpha=low, high_alpha=high),
        TwoViews([LoadProposals(found)], [LoadProposals(found)]),
    )
    trained = DATASETS.build(dict(type='PseudoMaskDataset', store=str(masks), images=dataset))
    assert [use.store.folder for use in stores_read(dataset)] == [low, high, found]
    assert [use.store.folder for use in stores_read(trained)] == [masks]
    assert stores_read(trained)[0].dataset is trained


def test_data_sets_in_transforms_have_their_own_images(tiny_voc, tmp_path):
    """RIB draws other photos: their stores are asked for their ids."""
    found = proposal_store(tmp_path / 'found', IDS[:2])
    others = photos(tiny_voc, dict(type='LoadProposals', store=found)).get_subset([0, 1])
    dataset = photos(tiny_voc, dict(type='LoadDisjoint', dataset=others))
    (use,) = stores_read(dataset)
    assert use.dataset is others
    require_stores(dataset)
