import os

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset
from PIL import Image

from mmwsss.datasets import DataError, TaggedDataset
from mmwsss.registry import DATASETS
from mmwsss.stores.hashing import hash_list
from tests.conftest import VOC_TAGS, photo

METAINFO = {'classes': ('background', 'cat', 'dog')}


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'img/sub').mkdir(parents=True)
    for number, name in enumerate(('a.jpg', 'b.jpg', 'sub/c.jpg')):
        Image.fromarray(photo(seed=number)).save(tmp_path / 'img' / name)
    (tmp_path / 'image_labels.txt').write_text('a 1\nb 1 2\nsub/c\n')
    (tmp_path / 'list.txt').write_text('b\na\n')
    return tmp_path


def build(root, **options):
    config = {
        'type': 'TaggedDataset',
        'data_root': str(root),
        'data_prefix': {'img_path': 'img'},
        'tags': {'source': 'list'},
        'metainfo': METAINFO,
        **options,
    }
    return DATASETS.build(config)


def test_data_infos(root):
    dataset = build(root, ann_file='list.txt')
    assert dataset.ids == ['b', 'a'] and dataset.list_hash == hash_list(['b', 'a'])
    assert dataset.num_tags == 2 and len(dataset.metainfo['palette']) == 3
    info = dataset.get_data_info(0)
    assert info['img_id'] == 'b' and info['img_path'] == f'{root}/img/b.jpg'
    np.testing.assert_array_equal(info['gt_label'], np.float32([1, 1]))
    assert 'seg_map_path' not in info and info['gt_label'].dtype == np.float32
    assert dataset.get_cat_ids(1) == [0]


def test_whole_folder_with_an_untagged_image(root, monkeypatch):
    printed = []
    monkeypatch.setattr('mmwsss.datasets.tagged.print_log', lambda text, _: printed.append(text))
    dataset = build(root)
    assert dataset.ids == ['a', 'b', 'sub/c']
    assert dataset.tag_protocol == {'tags': {'source': 'list'}, 'untagged': 1}
    assert dataset.get_data_info(2)['gt_label'].tolist() == [0, 0]
    assert printed == [f'{root}/img: 3 images, 2 classes, 1 of them without tags']


def test_masks_only_where_there_are_some(root):
    (root / 'masks/sub').mkdir(parents=True)
    Image.fromarray(np.zeros((24, 32), np.uint8)).save(root / 'masks/sub/c.png')
    dataset = build(root, data_prefix={'img_path': 'img', 'seg_map_path': 'masks'})
    paths = [dataset.get_data_info(i).get('seg_map_path') for i in range(3)]
    assert paths == [None, None, f'{root}/masks/sub/c.png']


def test_subsets_know_their_ids(root):
    assert build(root, indices=2).ids == ['a', 'b']
    assert build(root, indices=[2, 0]).ids == ['sub/c', 'a']
    dataset = build(root)
    before = dataset.list_hash
    subset = dataset.get_subset([1])
    assert subset.ids == ['b'] and dataset.list_hash == before


def test_list_names_absent_files(root):
    names = [f'gone{i:02d}' for i in range(12)]
    (root / 'list.txt').write_text('\n'.join(['a', *names]))
    with pytest.raises(DataError) as info:
        build(root, ann_file='list.txt')
    text = str(info.value)
    assert '12 of 13 images are not in' in text and 'gone09, and 2 more' in text
    assert 'gone10' not in text


def test_duplicates(root):
    (root / 'list.txt').write_text('a\nb\na\n')
    with pytest.raises(DataError, match='1 ids occur twice: a'):
        build(root, ann_file='list.txt')
    Image.fromarray(photo()).save(root / 'img/a.png')
    build(root)  # only .jpg counts
    with pytest.raises(DataError, match=r'1 image ids belong to two files: a\.\w+ and a\.\w+'):
        build(root, img_suffix=None)


def test_empty(root):
    (root / 'list.txt').write_text('\n')
    with pytest.raises(DataError, match=r'list\.txt: the data set is empty'):
        build(root, ann_file='list.txt')
    with pytest.raises(DataError, match=r'img: the data set is empty \(no \.webp image\)'):
        build(root, img_suffix='.webp')


def test_images_without_a_line_of_tags(root):
    (root / 'image_labels.txt').write_text('a 1\n')
    with pytest.raises(DataError, match=r'no tags for 2 of 3 images: b, sub/c.*id alone.*none'):
        build(root)
    assert build(root, tags={'source': 'none'}).tag_protocol['untagged'] == 3


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'tags': {'source': 'guess'}}, "source 'guess' is none of list, csv, xml, masks, none"),
        ({'metainfo': {'classes': ('cat', 'dog')}}, "begins with 'background'.*found cat, dog"),
        ({'metainfo': {}}, 'found nothing'),
        ({'metainfo': {'classes': ['background', *map(str, range(255))]}}, 'at most 254'),
        ({'data_prefix': {'img': 'img'}}, r"img_path and perhaps seg_map_path, found \['img'\]"),
        ({'data_prefix': {'img_path': 'no'}}, 'no such folder'),
    ],
)
def test_bad_options(root, options, message):
    with pytest.raises(DataError, match=message):
        build(root, **options)


def test_unknown_tag_options_are_refused(root):
    with pytest.raises(TypeError, match='offst'):
        build(root, tags={'source': 'list', 'offst': 0})


class Draw:
    """A transform that keeps what the generators give."""

    def __call__(self, results):
        results['draw'] = float(torch.rand(1)), float(np.random.rand())
        return results


def test_augmentation_depends_on_seed_epoch_and_index(root):
    dataset = build(root, pipeline=[Draw()], seed=3)
    assert dataset[0]['draw'] != dataset[0]['draw']
    dataset.epoch_counter.set(2)
    first = [dataset[i]['draw'] for i in range(3)]
    assert len(set(first)) == 3
    assert [dataset[i]['draw'] for i in (2, 1, 0)] == first[::-1]
    dataset.epoch_counter.set(3)
    assert dataset[0]['draw'] != first[0]
    dataset.epoch_counter.set(2)
    dataset.seed = 4
    assert dataset[0]['draw'] != first[0]
    dataset.test_mode = True
    assert dataset[0]['draw'] != dataset[0]['draw']


def _draw_of(sample):
    return sample['draw']


def test_persistent_workers_see_the_epoch(root):
    dataset = build(root, pipeline=[Draw()], seed=0)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=None, num_workers=1, persistent_workers=True, collate_fn=_draw_of
    )
    epochs = []
    for epoch in (0, 1, 0):
        dataset.epoch_counter.set(epoch)
        epochs.append(list(loader))
    assert epochs[0] == epochs[2] != epochs[1]


def test_tags_from_masks(tiny_voc):
    dataset = TaggedDataset(
        tags={'source': 'masks', 'path': 'SegmentationClass'},
        data_root=str(tiny_voc),
        metainfo={'classes': ('background', *map(str, range(1, 21)))},
        indices=3,
        ann_file=str(_first_three(tiny_voc)),
    )
    found = [np.flatnonzero(dataset.get_data_info(i)['gt_label']) + 1 for i in range(3)]
    assert [f.tolist() for f in found] == list(VOC_TAGS.values())[:3]
    with pytest.raises(DataError, match='1 of 4 masks missing: 2007_000004'):
        TaggedDataset(
            tags={'source': 'masks', 'path': 'SegmentationClass'},
            data_root=str(tiny_voc),
            metainfo={'classes': ('background', *map(str, range(1, 21)))},
        )


def _first_three(root):
    path = root / 'three.txt'
    path.write_text('\n'.join(list(VOC_TAGS)[:3]))
    return path


def test_works_below_mmengine_wrappers(root):
    both = ConcatDataset([build(root), build(root)])
    assert len(both) == 6 and both.metainfo['classes'] == METAINFO['classes']


def test_no_file_is_looked_at(root, monkeypatch):
    """82k photos are checked by listing their folder."""

    def refuse(*args, **kwargs):
        raise AssertionError(args)

    for name in ('stat', 'lstat', 'access'):
        monkeypatch.setattr(os, name, refuse)
    assert len(build(root)) == 3
