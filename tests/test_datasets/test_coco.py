import gzip

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import COCOTaggedDataset, DataError
from mmwsss.datasets.listing import read_ids


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Short lists, and empty files in both ways of naming them."""
    from mmwsss.datasets import coco

    lists = tmp_path / 'lists'
    lists.mkdir()
    (lists / 'image_labels_val.txt.gz').write_bytes(gzip.compress(b'000000000042 0 79\n'))
    for name, ids in (('train', ''), ('val', '000000000007\n')):
        (lists / f'{name}_no_label.txt').write_text(ids)
    monkeypatch.setattr(coco, 'LISTS', lists)
    for folder, name in (('val2014', 'COCO_val2014_{}.jpg'), ('renamed', '{}.jpg')):
        (tmp_path / folder).mkdir()
        for i in ('000000000007', '000000000042'):
            (tmp_path / folder / name.format(i)).touch()
    return tmp_path


@pytest.mark.parametrize('folder', ['val2014', 'renamed'])
@pytest.mark.parametrize('untagged', [False, True])
def test_val2014(root, folder, untagged):
    dataset = COCOTaggedDataset(
        data_root=str(root), split='val', untagged=untagged, data_prefix={'img_path': folder}
    )
    assert dataset.ids == ['000000000007'] * untagged + ['000000000042']
    assert dataset.tag_protocol['untagged'] == int(untagged)
    info = dataset.get_data_info(int(untagged))
    assert info['img_path'].startswith(f'{root}/{folder}/') and info['gt_label'].shape == (80,)
    assert np.flatnonzero(info['gt_label']).tolist() == [0, 79]
    assert dataset.num_tags == 80 and dataset.metainfo['classes'][80] == 'toothbrush'


def test_shipped_lists():
    from mmwsss.datasets.coco import LISTS, _shipped

    for split, tagged, untagged in (('train', 82081, 702), ('val', 40137, 367)):
        table, empty = _shipped((split,), 80), read_ids(LISTS / f'{split}_no_label.txt')
        assert len(table) == tagged and len(set(empty)) == untagged
        assert not set(table) & set(empty) and min(map(len, table.values())) == 1


def test_2017_takes_the_folder(tmp_path):
    folder = tmp_path / 'val2017'
    folder.mkdir()
    for name in ('000000000042', '000000000009', '000000003799'):
        (folder / f'{name}.jpg').touch()
    options = {'data_root': str(tmp_path), 'split': 'val', 'year': 2017}
    assert COCOTaggedDataset(**options).ids == ['000000000009', '000000000042']
    dataset = COCOTaggedDataset(**options, untagged=True)
    assert dataset.ids[-1] == '000000003799' and dataset.tag_protocol['untagged'] == 1
    assert np.flatnonzero(dataset.get_data_info(0)['gt_label']).tolist() == [45, 49, 50]


@pytest.mark.parametrize('name', ['COCO_val2014_000000000042', '000000000042', '42'])
def test_masks_by_any_name(tmp_path, name):
    (tmp_path / 'val2014').mkdir()
    (tmp_path / 'masks').mkdir()
    (tmp_path / 'val2014/COCO_val2014_000000000042.jpg').touch()
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / f'masks/{name}.png')
    (tmp_path / 'list.txt').write_text('COCO_val2014_000000000042\n')
    dataset = COCOTaggedDataset(
        data_root=str(tmp_path),
        ann_file='list.txt',
        data_prefix={'img_path': 'val2014', 'seg_map_path': 'masks'},
    )
    assert dataset.get_data_info(0)['seg_map_path'] == f'{tmp_path}/masks/{name}.png'


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, 'either split or ann_file'),
        ({'split': 'train2014'}, "split is 'train' or 'val', year 2014 or 2017; found 'train2014'"),
        ({'split': 'val', 'year': 2015}, '2015'),
        ({'ann_file': 'x.txt'}, 'with ann_file, data_prefix names the folder'),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(DataError, match=message):
        COCOTaggedDataset(data_root=str(tmp_path), **options)
