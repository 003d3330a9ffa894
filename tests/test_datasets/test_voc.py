import numpy as np
import pytest

from mmwsss.datasets import DataError, VOCTaggedDataset
from mmwsss.datasets.voc import LISTS
from tests.conftest import VOC_TAGS

TRAIN = 'ImageSets/Segmentation/train.txt'


def build(root, **options):
    options.setdefault('ann_file', TRAIN)
    return VOCTaggedDataset(data_root=str(root), **options)


def labels(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {i['img_id']: (np.flatnonzero(i['gt_label']) + 1).tolist() for i in infos}


@pytest.mark.parametrize('source', ['list', 'xml'])
def test_sources_of_tags(tiny_voc, source):
    dataset = build(tiny_voc, tags={'source': source})
    assert labels(dataset) == VOC_TAGS
    assert dataset.tag_protocol['tags'] == {'source': source}


def test_difficult_objects_may_be_left_out(tiny_voc):
    dataset = build(tiny_voc, tags={'source': 'xml', 'difficult': False})
    assert labels(dataset)['2007_000002'] == [15]


def test_shipped_labels_do_not_cover_foreign_images(tiny_voc):
    with pytest.raises(DataError, match='the VOC labels of the package .* no tags for 4 of 4'):
        build(tiny_voc)


def test_split_or_list(tiny_voc):
    with pytest.raises(DataError, match='either split or ann_file'):
        build(tiny_voc, split='train')
    with pytest.raises(DataError, match='either split or ann_file'):
        build(tiny_voc, ann_file='')
    with pytest.raises(DataError, match="split 'trainaug' is none of train, train_aug, val, test"):
        build(tiny_voc, ann_file='', split='trainaug')
    with pytest.raises(DataError, match='10582 of 10582 images are not in'):
        build(tiny_voc, ann_file='', split='train_aug')


@pytest.mark.parametrize(
    ('split', 'count'), [('train', 1464), ('train_aug', 10582), ('val', 1449), ('test', 1456)]
)
def test_shipped_lists(monkeypatch, split, count):
    ids = (LISTS / f'{split}.txt').read_text().split()
    assert len(set(ids)) == count
    files = {i: f'{i}.jpg' for i in ids}
    monkeypatch.setattr('mmwsss.datasets.tagged.list_folder', lambda *_: files)
    if split == 'test':
        with pytest.raises(DataError, match='none are public for test'):
            build('', ann_file='', split=split)
        dataset = build('', ann_file='', split=split, test_mode=True)
        assert dataset.tag_protocol == {'tags': {'source': 'none'}, 'untagged': 1456}
    else:
        dataset = build('', ann_file='', split=split)
        sums = [len(k) for k in labels(dataset).values()]
        assert min(sums) == 1 and max(sums) <= 6
    assert dataset.ids == ids


def test_classes_and_palette():
    meta = VOCTaggedDataset.METAINFO
    assert meta['classes'][0] == 'background' and meta['classes'][20] == 'tvmonitor'
    assert meta['palette'][1] == [128, 0, 0] and len(meta['palette']) == 21
    assert list(meta['classes']) == (LISTS / 'classes.txt').read_text().split()


def test_real_subset(shared_root):
    root = shared_root / 'data/voc12mini'
    prefix = {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'}
    shipped = build(root, data_prefix=prefix)
    assert len(shipped) == 422
    assert all('seg_map_path' in shipped.get_data_info(i) for i in range(422))
    assert labels(shipped) == labels(build(root, tags={'source': 'list'}))
    masks = build(root, tags={'source': 'masks', 'path': 'SegmentationClass'})
    assert labels(masks) == labels(shipped)
