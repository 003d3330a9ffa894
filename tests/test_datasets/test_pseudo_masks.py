import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmwsss.datasets import DataError, VOCTaggedDataset
from mmwsss.engine.leak_guard import refuse_ground_truth
from mmwsss.registry import DATASETS
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store, open_store
from tests.conftest import VOC_TAGS

IDS = list(VOC_TAGS)
LIST = 'ImageSets/Segmentation/train.txt'
LOAD = [dict(type='LoadImage'), dict(type='LoadMask')]
TRAIN = [
    *LOAD,
    dict(
        type='mmseg.RandomResize',
        scale=(32, 32),
        ratio_range=(0.5, 2.0),
        resize_type='mmseg.Resize',
        keep_ratio=True,
    ),
    dict(type='mmseg.RandomCrop', crop_size=(16, 16), cat_max_ratio=0.75),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]


def masks_of(folder, classes=VOCTaggedDataset.METAINFO['classes'][1:], ids=IDS):
    """A store whose masks tell their image by the class in a corner."""
    store = create_store(folder, StoreMeta('masks', classes, 'a list'))
    for number, id in enumerate(ids):
        mask = np.full((24 + number, 32), 255, np.uint8)
        mask[:8], mask[8:16] = 0, number + 1
        store.write(id, mask)
    return store


@pytest.fixture
def voc(tiny_voc, tmp_path):
    """Config of pseudo masks of the tiny VOC."""
    masks_of(tmp_path / 'masks')
    images = dict(
        type='VOCTaggedDataset',
        data_root=str(tiny_voc),
        ann_file=LIST,
        tags=dict(source='list', path='image_labels.txt'),
    )
    return dict(type='PseudoMaskDataset', store=str(tmp_path / 'masks'), images=images)


def build(config, **options):
    return DATASETS.build({**config, **options})


def test_samples_come_from_photos_and_store(voc):
    voc['images']['data_prefix'] = dict(img_path='JPEGImages', seg_map_path='SegmentationClass')
    dataset = build(voc, pipeline=[*LOAD, dict(type='PackTagged')])
    assert dataset.ids == IDS and len(dataset) == 4
    assert dataset.metainfo['classes'] == VOCTaggedDataset.METAINFO['classes']
    assert len(dataset.metainfo['palette']) == 21
    store = open_store(voc['store'])
    for index, id in enumerate(IDS):
        sample = dataset[index]['data_samples']
        np.testing.assert_array_equal(sample.gt_sem_seg.data[0], store[id])
        assert (
            sample.img_id == id and sample.gt_label.nonzero()[:, 0].add(1).tolist() == VOC_TAGS[id]
        )
    refuse_ground_truth(dataset)


def test_images_may_be_a_data_set(voc):
    images = DATASETS.build(voc['images'])
    assert build(voc, images=images, indices=[2, 0]).ids == [IDS[2], IDS[0]]


def test_store_of_other_classes(voc, tmp_path):
    store = masks_of(tmp_path / 'other', classes=('cat', 'dog', 'cow', 'car'))
    with pytest.raises(StoreMismatch, match=r'4 classes \(cat, dog.*20 classes \(aeroplane'):
        build(voc, store=str(store.folder))


def test_store_with_images_missing(voc, tmp_path):
    store = masks_of(tmp_path / 'part', ids=IDS[:2])
    with pytest.raises(StoreMismatch, match=f'2 of the 4 images .*{IDS[2]}, {IDS[3]}.*it holds 2'):
        build(voc, store=str(store.folder))


def test_no_store(voc, tmp_path):
    with pytest.raises(StoreError, match='the folder does not exist'):
        build(voc, store=str(tmp_path / 'nothing'))
    create_store(tmp_path / 'scores', StoreMeta('scores', ('a',), ''))
    with pytest.raises(StoreError, match='a store of masks is needed, this one holds scores'):
        build(voc, store=str(tmp_path / 'scores'))


def test_bad_masks_are_named(voc):
    store = open_store(voc['store'])
    store.write(IDS[0], np.zeros((5, 6), np.uint8))
    store.path(IDS[1]).write_bytes(store.path(IDS[1]).read_bytes()[:60])
    dataset = build(voc, pipeline=LOAD)
    with pytest.raises(DataError, match=f"{IDS[0]}'.*the mask is 5x6.*the photo 24x32"):
        dataset[0]
    with pytest.raises(DataError, match=f"{IDS[1]}'.*cut short"):
        dataset[1]


def test_mmseg_transforms_keep_photo_and_mask_together(voc):
    dataset = build(voc, pipeline=TRAIN, seed=0)
    dataset.epoch_counter.set(0)
    flips = set()
    for index in range(4):
        packed = dataset[index]
        sample = packed['data_samples']
        assert packed['inputs'].shape[1:] == sample.gt_sem_seg.shape
        assert max(sample.gt_sem_seg.shape) <= 16
        assert set(sample.gt_sem_seg.data.unique().tolist()) <= {0, index + 1, 255}
        flips.add(sample.flip)
    assert flips == {True, False}


def test_augmentation_is_seeded_by_epoch_and_index(voc):
    dataset = build(voc, pipeline=TRAIN, seed=3)

    def epoch(number, **loader):
        dataset.epoch_counter.set(number)
        batches = DataLoader(dataset, 1, collate_fn=pseudo_collate, **loader)
        return [batch['inputs'][0] for batch in batches]

    first = epoch(0)
    assert all(map(torch.equal, first, epoch(0, num_workers=2)))
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, epoch(1)))  # noqa: B905
    drawn = [epoch(-1) for _ in range(2)]
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(*drawn, strict=True))


def test_ids_with_folders(tiny_folder, tmp_path):
    ids = ['empty', 'holiday/my dog, 1', 'holiday/Übung']
    store = create_store(tmp_path / 'masks', StoreMeta('masks', ('beach', 'cat', 'dog'), ''))
    images = dict(type='TaggedFolder', data_root=str(tiny_folder))
    for info in DATASETS.build(images):
        height, width = DATASETS.build({**images, 'pipeline': LOAD[:1]})[0]['ori_shape']
        store.write(info['img_id'], np.zeros((height, width), np.uint8))
    dataset = DATASETS.build(dict(type='PseudoMaskDataset', store=str(store.folder), images=images))
    assert sorted(dataset.ids) == sorted(ids)
    assert dataset.metainfo['classes'] == ('background', 'beach', 'cat', 'dog')
    refuse_ground_truth(dataset)


def test_corrected_photos_are_shown_more_often(voc):
    store = open_store(voc['store'])
    store.correct({IDS[1]: np.full((25, 32), 3, np.uint8)}, 'coco')
    store.close()
    assert build(voc).ids == IDS
    dataset = build(voc, corrected_repeat=3, pipeline=TRAIN, seed=0)
    assert dataset.ids == [*IDS, IDS[1], IDS[1]]
    dataset.epoch_counter.set(0)
    first, second = dataset[1]['inputs'], dataset[4]['inputs']
    assert first.shape != second.shape or not torch.equal(first, second), 'augmented anew'
    for index in (1, 4, 5):
        assert (build(voc, corrected_repeat=3, pipeline=LOAD)[index]['gt_seg_map'] == 3).all()
    assert build(voc, corrected_repeat=3, indices=1).ids == IDS[:1]
    assert build(voc, corrected_repeat=2, indices=-3).ids == [*IDS[1:], IDS[1]]
    assert build(voc, corrected_repeat=2, indices=[3, 1]).ids == [IDS[3], IDS[1], IDS[1]]
    for wrong in (0, 1.5, '2'):
        with pytest.raises(DataError, match='corrected_repeat says how many times'):
            build(voc, corrected_repeat=wrong)


def test_large_photos_are_shrunk_with_their_masks(tiny_folder, tmp_path):
    store = create_store(tmp_path / 'masks', StoreMeta('masks', ('beach', 'cat', 'dog'), ''))
    images = dict(type='TaggedFolder', data_root=str(tiny_folder), pipeline=LOAD[:1])
    for sample in DATASETS.build(images):
        store.write(sample['img_id'], np.zeros(sample['ori_shape'], np.uint8))
    dataset = DATASETS.build(
        dict(
            type='PseudoMaskDataset',
            store=str(store.folder),
            images={**images, 'max_pixels': 100},
            pipeline=LOAD,
        )
    )
    for sample in dataset:
        assert sample['gt_seg_map'].shape == sample['img'].shape[:2]
        assert sample['gt_seg_map'].size <= 100
