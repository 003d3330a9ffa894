"""Seeds in the forms that the repositories write, imported and scored in one call."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from mmwsss.apis.judging import judge
from mmwsss.datasets import COCOTaggedDataset, VOCTaggedDataset
from mmwsss.datasets.errors import DataError
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store
from mmwsss.stores.foreign_formats import ReadOptions
from mmwsss.structures import Proposals
from tests.conftest import VOC_TAGS, photo

CLASSES = VOCTaggedDataset.METAINFO['classes']


@pytest.fixture
def voc(tiny_voc):
    """Three photos with masks and one without, and perfect seeds: 0.8 on the mask, 0.1 beside."""
    dataset = VOCTaggedDataset(
        data_root=str(tiny_voc),
        ann_file='ImageSets/Segmentation/train.txt',
        tags=dict(source='list', path='image_labels.txt'),
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        test_mode=True,
    )
    seeds = {}
    for id, tags in VOC_TAGS.items():
        if tags:
            mask = np.array(Image.open(tiny_voc / f'SegmentationClass/{id}.png'))
            maps = [np.where(mask == label, 0.8, 0.1).astype(np.float32) for label in tags]
            seeds[id] = (np.array(tags) - 1, np.stack(maps))
    return dataset, seeds


def irn(path, keys, maps):
    content = {'keys': keys, 'cam': maps[:, ::4, ::4], 'high_res': maps}
    np.save(path.with_suffix('.npy'), content, allow_pickle=True)


def clip_es(path, keys, maps):
    content = {'keys': keys, 'attn_highres': maps.astype(np.float16)}
    np.save(path.with_suffix('.npy'), content, allow_pickle=True)


def s2c_cti_icam(path, keys, maps):
    np.save(path.with_suffix('.npy'), dict(zip(keys.tolist(), maps, strict=True)))


def crf(path, keys, maps):
    content = {0: np.full(maps.shape[1:], 0.5, np.float32)}
    content |= {k + 1: one for k, one in zip(keys.tolist(), maps, strict=True)}
    np.save(path.with_suffix('.npy'), content, allow_pickle=True)


def fma(path, keys, maps):
    raw = maps * 3 - 1  # signed, as Grad-CAM gives it
    extra = dict(fg_logit=np.ones(len(keys)), all_logit=np.ones(20), att=np.ones((2, 2), 'f2'))
    np.savez(path.with_suffix('.npz'), cam=raw, fg_cls=keys, **extra)


@pytest.mark.parametrize(
    ('write', 'fmt'),
    [
        (irn, 'irn'),
        (clip_es, 'irn'),
        (s2c_cti_icam, 'class_map'),
        (crf, 'crf'),
        (fma, 'fma'),
    ],
)
def test_foreign_seeds(write, fmt, voc, tmp_path):
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    for id, (keys, maps) in seeds.items():
        write(tmp_path / 'seeds' / id, keys, maps)
    metrics = judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt=fmt)
    assert metrics['seeds/mIoU'] == pytest.approx(100)
    assert metrics['contours/mF'] > 50
    record = json.loads((tmp_path / 'out/metrics.json').read_text())
    assert record['seeds/mIoU'] == pytest.approx(100)
    assert record['protocol']['format'] == fmt
    assert record['protocol']['scored'] == 3
    rows = list(csv.DictReader((tmp_path / 'out/images.csv').open()))
    assert [row['image'] for row in rows] == list(seeds)
    assert (tmp_path / 'out/curve.png').exists() == (fmt != 'crf')  # it has its own background


def test_files_named_as_the_photos_are(tmp_path):
    (tmp_path / 'val2014').mkdir()
    (tmp_path / 'masks').mkdir()
    (tmp_path / 'seeds').mkdir()
    name = 'COCO_val2014_000000000042'
    Image.fromarray(photo(8, 12)).save(tmp_path / f'val2014/{name}.jpg')
    mask = np.zeros((8, 12), np.uint8)
    mask[2:6, 2:6] = 80
    Image.fromarray(mask).save(tmp_path / f'masks/{name}.png')
    (tmp_path / 'val.txt').write_text(f'{name}\n')
    (tmp_path / 'tags.txt').write_text('000000000042 80\n')
    np.save(tmp_path / f'seeds/{name}.npy', {79: (mask > 0).astype(np.float32)})
    dataset = COCOTaggedDataset(
        data_root=str(tmp_path),
        ann_file='val.txt',
        tags=dict(source='list', path='tags.txt'),
        data_prefix=dict(img_path='val2014', seg_map_path='masks'),
        test_mode=True,
    )
    metrics = judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt='class_map')
    assert metrics['seeds/mIoU'] == 100


def test_a_score_chosen_beforehand(voc, tmp_path):
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    for id, (keys, maps) in seeds.items():
        irn(tmp_path / 'seeds' / id, keys, maps)
    options = dict(fmt='irn', background=0.9)
    metrics = judge(tmp_path / 'seeds', dataset, tmp_path / 'out', **options)
    assert metrics['seeds/mIoU_fixed'] < metrics['seeds/mIoU']
    assert metrics['contours/mF'] == 0  # nothing beats 0.9


def test_masks_and_a_list(voc, tmp_path):
    dataset, seeds = voc
    store = create_store(tmp_path / 'masks', StoreMeta('masks', CLASSES[1:], dataset.list_hash))
    first = next(iter(seeds))
    for index, id in enumerate(dataset.ids):
        mask = np.zeros((24 + index, 32), np.uint8)
        if id in seeds:
            keys, maps = seeds[id]
            mask = np.where(maps.max(0) > 0.5, keys[maps.argmax(0)] + 1, 0).astype(np.uint8)
        store.write(id, mask if id == first else 0 * mask)
    (tmp_path / 'one.txt').write_text(first + '\n')
    everything = judge(store.folder, dataset, tmp_path / 'all')
    one = judge(store.folder, dataset, tmp_path / 'one', eval_ann_file=tmp_path / 'one.txt')
    assert one['masks/mIoU'] == 100 > everything['masks/mIoU']
    assert one['contours/mF'] > everything['contours/mF']
    assert (tmp_path / 'one/confusion.png').exists()


def test_what_cannot_be_judged(voc, tmp_path):
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    first = next(iter(seeds))
    irn(tmp_path / 'seeds' / first, *seeds[first])
    with pytest.raises(StoreError, match='2 of 3 files could not be imported'):
        judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt='irn')
    with pytest.raises(StoreMismatch, match='2 of the 3 images asked for are not in it'):
        judge(tmp_path / 'out/scores', dataset, tmp_path / 'again')
    with pytest.raises(StoreError, match='it is no store'):
        judge(tmp_path / 'seeds', dataset, tmp_path / 'again')
    meta = StoreMeta('proposals', CLASSES[1:], dataset.list_hash)
    create_store(tmp_path / 'proposals', meta)
    with pytest.raises(StoreError, match='holds proposals'):
        judge(tmp_path / 'proposals', dataset, tmp_path / 'again')
    (tmp_path / 'other.txt').write_text('2011_000001\n')
    infos = map(dataset.get_data_info, range(len(dataset)))
    without = [info['img_id'] for info in infos if not info.get('seg_map_path')]
    (tmp_path / 'without.txt').write_text('\n'.join(without))
    with pytest.raises(DataError, match='none of the 4 images has a mask to be judged by'):
        judge(
            tmp_path / 'out/scores', dataset, tmp_path / 'x', eval_ann_file=tmp_path / 'without.txt'
        )
    with pytest.raises(DataError, match='other.txt: none of its 1 ids'):
        judge(
            tmp_path / 'out/scores', dataset, tmp_path / 'x', eval_ann_file=tmp_path / 'other.txt'
        )


@pytest.mark.parametrize('value', [np.nan, 3.0])
def test_scores_that_are_none(value, voc, tmp_path):
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    for id, (keys, maps) in seeds.items():
        maps[0, 0, 0] = value
        irn(tmp_path / 'seeds' / id, keys, maps)
    with pytest.raises(StoreError, match=rf'scores must lie in \[0, 1\], found .*{value:g}'):
        judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt='irn')


def test_seeds_of_another_version_of_the_photo(voc, tmp_path):
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    for id, (keys, maps) in seeds.items():
        irn(tmp_path / 'seeds' / id, keys, maps[:, :-2])
    with pytest.raises(ValueError, match=r'differ in size: were the masks made from other'):
        judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt='irn')


@pytest.mark.parametrize('fmt', ['png', 'npy'])
def test_bare_folders_of_label_maps(fmt, voc, tiny_voc, tmp_path):
    dataset, _ = voc
    (tmp_path / 'maps').mkdir()
    for path in (tiny_voc / 'SegmentationClass').iterdir():
        mask = np.array(Image.open(path))
        mask[mask == 255] = 0
        if fmt == 'png':
            Image.fromarray(mask).save(tmp_path / 'maps' / path.name)
        else:
            np.save(tmp_path / 'maps' / f'{path.stem}.npy', mask.astype(np.int64))
    metrics = judge(tmp_path / 'maps', dataset, tmp_path / 'out', fmt=fmt)
    assert metrics['masks/mIoU'] == 100


def test_keys_of_other_classes_are_refused_and_the_option_named(voc, tmp_path):
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    for id, (keys, maps) in seeds.items():
        irn(tmp_path / 'seeds' / id, keys + 1, maps)
    with pytest.raises(StoreMismatch, match='With --offset 1, 3 of 3 would'):
        judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt='irn')
    assert not (tmp_path / 'out/scores').exists()
    options = ReadOptions(offset=1)
    metrics = judge(tmp_path / 'seeds', dataset, tmp_path / 'out', fmt='irn', options=options)
    assert metrics['seeds/mIoU'] == pytest.approx(100)


def test_ground_truth_in_another_order_is_an_error_before_any_number(voc, tiny_voc, tmp_path):
    dataset, _ = voc
    meta = StoreMeta('masks', CLASSES[1:], 'x')
    store = create_store(tmp_path / 'store', meta)
    for path in (tiny_voc / 'SegmentationClass').iterdir():
        mask = np.array(Image.open(path))
        store.write(path.stem, mask)
        moved = np.where((mask > 0) & (mask < 255), 20 - mask, mask)
        Image.fromarray(moved).save(path)
    with pytest.raises(DataError, match='hold no class that their photo is tagged with'):
        judge(tmp_path / 'store', dataset, tmp_path / 'out')
    assert not (tmp_path / 'out/metrics.json').exists()


def test_seeding_with_proposals(voc, tmp_path):
    """FMA's own maps, and masks of each object and of the rest: every power finds them."""
    dataset, seeds = voc
    (tmp_path / 'seeds').mkdir()
    store = create_store(tmp_path / 'masks', StoreMeta('proposals', CLASSES[1:], dataset.list_hash))
    for id, (keys, maps) in seeds.items():
        fma(tmp_path / 'seeds' / id, keys, maps)
        objects = maps > 0.5
        drawn = np.concatenate([objects, ~objects.any(0)[None]])
        ones = np.ones(len(drawn))
        store.write(id, Proposals.from_masks(drawn, iou=ones, stability=ones, level=0 * ones))
    store.close()
    options = dict(fmt='fma', proposals=tmp_path / 'masks', powers=(0.3, 0.5))
    metrics = judge(tmp_path / 'seeds', dataset, tmp_path / 'out', **options)
    assert metrics['seeding/mIoU_power_0.3'] == metrics['seeding/mIoU_power_0.5'] == 100
    assert metrics['seeding/power'] == 0.3
    with pytest.raises(StoreError, match='is unknown|scores or masks|seeding needs scores'):
        judge(tmp_path / 'masks', dataset, tmp_path / 'out2', proposals=tmp_path / 'masks')
