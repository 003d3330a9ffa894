import csv
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from scipy.io import savemat

from mmwsss.datasets import COCOTaggedDataset, TaggedFolder
from mmwsss.stores import open_store
from tests.conftest import photo
from tools.analysis_tools import check_dataset
from tools.dataset_converters import coco_to_masks, folders_to_tags, import_seeds, voc_aug


@pytest.fixture
def coco_json(tmp_path):
    """Three images: overlapping polygons and a crowd, an RLE, nothing."""
    skipped = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    numbers = [i for i in range(1, 91) if i not in skipped]
    names = COCOTaggedDataset.METAINFO['classes'][1:]
    rows = [
        (1, 1, 0, [[2, 2, 14.5, 2, 14.5, 11, 2, 11]]),
        (1, 90, 0, [[8, 4, 18, 4, 18, 9, 8, 9], [0, 0, 3, 0, 3, 3]]),
        (1, 13, 1, {'size': [12, 20], 'counts': [0, 240]}),
        (2, 3, 0, {'size': [10, 10], 'counts': [5, 20, 75]}),
    ]
    content = {
        'images': [
            {'id': i, 'file_name': f'COCO_val2014_{i:012d}.jpg', 'height': h, 'width': w}
            for i, h, w in ((1, 12, 20), (2, 10, 10), (3, 4, 5))
        ],
        'categories': [
            {'id': i, 'name': n} for i, n in sorted(zip(numbers, names, strict=True), reverse=True)
        ],
        'annotations': [
            {
                'id': k,
                'image_id': image,
                'category_id': category,
                'iscrowd': crowd,
                'segmentation': shape,
                'area': 1,
                'bbox': [0, 0, 1, 1],
            }
            for k, (image, category, crowd, shape) in enumerate(rows)
        ],
    }
    path = tmp_path / 'instances.json'
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize('workers', ['1', '2'])
def test_coco_masks_by_the_official_rule(coco_json, tmp_path, workers):
    out, tags = tmp_path / 'masks', tmp_path / 'labels.txt'
    coco_to_masks.main([str(coco_json), str(out), '--tags', str(tags), '--workers', workers])
    assert tags.read_text() == '000000000001 0 11 79\n000000000002 2\n000000000003\n'
    api = COCO(str(coco_json))
    values = {1: 1, 90: 80, 3: 3}
    for image in api.dataset['images']:
        expected = np.zeros((image['height'], image['width']), np.uint8)
        for item in api.imgToAnns[image['id']]:
            if not item['iscrowd']:
                expected[api.annToMask(item) == 1] = values[item['category_id']]
        found = Image.open(out / image['file_name'].replace('.jpg', '.png'))
        assert found.mode == 'P'
        np.testing.assert_array_equal(np.array(found), expected)


def test_coco_masks_by_icams_rule(coco_json, tmp_path):
    """Crowds are painted, and labels are what the masks show."""
    out, tags = tmp_path / 'masks', tmp_path / 'labels.txt'
    options = ['--tags', str(tags), '--workers', '1', '--rule', 'icam']
    coco_to_masks.main([str(coco_json), str(out), *options])
    assert tags.read_text() == '000000000001 11\n000000000002 2\n000000000003\n'
    assert (np.array(Image.open(out / 'COCO_val2014_000000000001.png')) == 12).all()


def test_coco_resumes(coco_json, tmp_path, capsys):
    coco_to_masks.main([str(coco_json), str(tmp_path / 'masks'), '--workers', '1'])
    kept = tmp_path / 'masks/COCO_val2014_000000000001.png'
    kept.write_bytes(b'kept')
    (tmp_path / 'masks/COCO_val2014_000000000002.png').unlink()
    coco_to_masks.main([str(coco_json), str(tmp_path / 'masks'), '--workers', '1'])
    assert '3 images, 2 are done' in capsys.readouterr().out
    assert kept.read_bytes() == b'kept'


def test_coco_refuses_other_categories(coco_json, tmp_path):
    content = json.loads(coco_json.read_text())
    content['categories'][-1]['name'] = 'robot'
    coco_json.write_text(json.dumps(content))
    with pytest.raises(SystemExit, match="found 'robot' where 'person' is expected"):
        coco_to_masks.main([str(coco_json), str(tmp_path / 'masks')])


BOX = [[2, 2, 15, 2, 15, 12, 2, 12]]


@pytest.mark.parametrize(
    ('change', 'remark'),
    [
        ({'segmentation': []}, 'it has no segmentation'),
        ({'segmentation': None}, 'it has no segmentation'),
        ({'segmentation': BOX[0]}, 'a list of numbers; a list of polygons'),
        ({'segmentation': [[3, 3, 8, 8]]}, 'fewer than 3 corners'),
        ({'segmentation': [[3, 3, 8]]}, 'no list of x, y'),
        ({'segmentation': [[3, 3, 8, None, 9, 9]]}, 'something that is no number'),
        ({'segmentation': {'size': [20, 12], 'counts': [240]}}, 'for 20x12 pixels'),
        ({'segmentation': {'size': [12, 20], 'counts': '='}}, 'its runs code 13 pixels'),
        ({'segmentation': {}}, 'a run-length code has size and counts'),
        ({'image_id': 99}, 'there is no image 99'),
        ({'category_id': 99}, 'there is no category 99'),
    ],
)
def test_coco_annotations_that_cannot_be_drawn_are_listed(
    coco_json, tmp_path, capsys, change, remark
):
    content = json.loads(coco_json.read_text())
    bad = {'id': 77, 'image_id': 1, 'category_id': 1, 'segmentation': BOX, 'iscrowd': 0}
    content['annotations'].append(bad | change)
    coco_json.write_text(json.dumps(content))
    coco_to_masks.main([str(coco_json), str(tmp_path / 'masks'), '--workers', '1'])
    text = capsys.readouterr().out
    assert 'annotation 77' in text and remark in text
    assert len(list((tmp_path / 'masks').glob('*.png'))) == 3


def test_coco_images_without_size_and_files_without_annotations(coco_json, tmp_path, capsys):
    content = json.loads(coco_json.read_text())
    content['images'][0]['height'] = 12.0
    del content['images'][1]['width']
    coco_json.write_text(json.dumps(content))
    coco_to_masks.main([str(coco_json), str(tmp_path / 'masks'), '--workers', '1'])
    assert "000000000002.jpg': it has no file_name, id or size" in capsys.readouterr().out
    assert len(list((tmp_path / 'masks').glob('*.png'))) == 2
    del content['annotations']
    coco_json.write_text(json.dumps(content))
    with pytest.raises(SystemExit, match='annotations missing .a list of test images'):
        coco_to_masks.main([str(coco_json), str(tmp_path / 'masks')])
    coco_json.write_text('{')
    with pytest.raises(SystemExit, match='no readable JSON'):
        coco_to_masks.main([str(coco_json), str(tmp_path / 'masks')])


@pytest.fixture
def fruits(tmp_path):
    """Two photos of one name in two folders, categories with a parent that nothing uses."""
    root = tmp_path / 'fruits'
    for name in ('cam1', 'cam2'):
        (root / 'images' / name).mkdir(parents=True)
        Image.fromarray(photo(20, 30)).save(root / 'images' / name / '0001.jpg')
    content = {
        'categories': [dict(id=k, name=n) for k, n in enumerate(('fruits', 'pear', 'apple'))],
        'images': [
            dict(id=i, file_name=f'upload\\cam{k}\\0001.jpg', height=20, width=30)
            for k, i in ((1, 'x'), (2, 'y'))
        ],
        'annotations': [
            dict(id=1, image_id='x', category_id=1, segmentation=BOX),
            dict(id=2, image_id='y', category_id=2, segmentation=BOX),
        ],
    }
    (root / 'a.json').write_text(json.dumps(content))
    return root


def test_coco_own_categories(fruits, capsys):
    command = [str(fruits / 'a.json'), str(fruits / 'masks'), '--workers', '1', '--categories']
    coco_to_masks.main([*command, '--images', str(fruits / 'images')])
    dataset = TaggedFolder(
        data_root=str(fruits), data_prefix=dict(img_path='images', seg_map_path='masks')
    )
    assert dataset.metainfo['classes'] == ('background', 'apple', 'pear')
    infos = [dataset.get_data_info(i) for i in range(2)]
    assert [info['gt_label'].tolist() for info in infos] == [[0, 1], [1, 0]]
    values = [np.unique(Image.open(info['seg_map_path'])).tolist() for info in infos]
    assert values == [[0, 2], [0, 1]]
    assert (fruits / 'masks/classes.txt').read_text() == 'apple\npear\n'
    (fruits / 'tags.csv').write_text('cam1/0001.jpg,pear\n')
    with pytest.raises(SystemExit, match='is there with other tags'):
        coco_to_masks.main(command)


def test_coco_chosen_categories(fruits, tmp_path, capsys):
    (tmp_path / 'names.txt').write_text('pear\nlemon\n')
    command = [str(fruits / 'a.json'), str(fruits / 'masks'), '--workers', '1']
    options = ['--categories', str(tmp_path / 'names.txt'), '--tags', str(tmp_path / 't.csv')]
    coco_to_masks.main([*command, *options])
    assert (tmp_path / 't.csv').read_text() == (
        'image,tags\nupload\\cam1\\0001.jpg,pear\nupload\\cam2\\0001.jpg,\n'
    ).replace('\\', '/')
    assert "classes='masks/classes.txt'" in capsys.readouterr().out


def test_coco_photos_that_would_share_a_mask(fruits):
    content = json.loads((fruits / 'a.json').read_text())
    for image, name in zip(content['images'], ('/data/a.jpg', 'https://x.y/a.png'), strict=True):
        image['file_name'] = name
    (fruits / 'a.json').write_text(json.dumps(content))
    with pytest.raises(SystemExit, match='1 masks would be of two photos each: a'):
        coco_to_masks.main([str(fruits / 'a.json'), str(fruits / 'masks'), '--categories'])


def test_voc_aug(tiny_voc, tmp_path):
    sbd, lists = tmp_path / 'sbd/cls', tmp_path / 'lists'
    sbd.mkdir(parents=True)
    lists.mkdir()
    for name, ids in (
        ('train', ['2007_000001']),
        ('train_aug', ['2007_000001', '2007_000004']),
        ('val', ['2007_000002']),
    ):
        (lists / f'{name}.txt').write_text('\n'.join(ids) + '\n')
    for img_id in ('2007_000001', '2007_000004'):
        savemat(sbd / f'{img_id}.mat', {'GTcls': {'Segmentation': np.full((3, 4), 7, np.uint8)}})
    inst = tmp_path / 'sbd/inst'  # as the archive unpacks
    inst.mkdir()
    savemat(inst / '2007_000004.mat', {'GTinst': {'Segmentation': np.zeros((3, 4), np.uint8)}})
    assert voc_aug.convert(tiny_voc, tmp_path / 'sbd', lists) == 3
    folder = tiny_voc / 'SegmentationClassAug'
    assert (np.array(Image.open(folder / '2007_000004.png')) == 7).all()
    own = np.array(Image.open(tiny_voc / 'SegmentationClass/2007_000001.png'))
    np.testing.assert_array_equal(np.array(Image.open(folder / '2007_000001.png')), own)
    assert (tiny_voc / 'ImageSets/SegmentationAug/train_aug.txt').read_text().count('\n') == 2
    assert voc_aug.convert(tiny_voc, tmp_path / 'sbd', lists) == 0


def test_voc_aug_names_what_is_missing(tiny_voc):
    with pytest.raises(SystemExit, match='12031 of 12031 masks are neither in'):
        voc_aug.main([str(tiny_voc), '--sbd', str(tiny_voc / 'SegmentationClass')])
    savemat(tiny_voc / 'x.mat', {'other': 1})
    with pytest.raises(ValueError, match=r'x\.mat: no file of SBD'):
        voc_aug.read_sbd(tiny_voc / 'x.mat')


def test_folders_to_tags(tmp_path):
    images = tmp_path / 'images'
    for name in ('cat/1.jpg', 'cat;dog/2, b.png', 'none.jpg', 'dog/deep/3.jpg'):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo()).save(images / name)
    folders_to_tags.main([str(images), str(tmp_path / 'tags.csv')])
    with open(tmp_path / 'tags.csv') as file:
        rows = list(csv.reader(file))
    assert ['cat;dog/2, b.png', 'cat;dog'] in rows and ['none.jpg', ''] in rows
    dataset = TaggedFolder(data_root=str(tmp_path))
    assert dataset.metainfo['classes'] == ('background', 'cat', 'dog')
    assert dataset.tag_protocol['untagged'] == 1 and len(dataset) == 4
    (tmp_path / 'no').mkdir()
    with pytest.raises(SystemExit, match='no image found'):
        folders_to_tags.main([str(tmp_path / 'no'), str(tmp_path / 'tags.csv')])


def test_import_seeds(tmp_path, capsys):
    (tmp_path / 'in').mkdir()
    np.save(tmp_path / 'in/a.npy', {3: np.full((5, 6), 0.5, np.float32)})
    argv = [str(tmp_path / 'in'), 'class_map', str(tmp_path / 'out'), '--stride', '1']
    import_seeds.main([*argv, '--dataset', 'voc'])
    store = open_store(tmp_path / 'out', 'scores')
    assert store['a'].classes.tolist() == [3] and store.meta.classes[3] == 'boat'
    said = capsys.readouterr()
    assert '1 images' in said.out
    assert 'of 1 of 1 images were not compared with tags, the list of voc does not' in said.err
    (tmp_path / 'names.txt').write_text('cat\n')
    with pytest.raises(SystemExit):
        import_seeds.main([*argv, '--classes', str(tmp_path / 'names.txt'), '--overwrite'])


def test_masks_of_photos_that_the_tags_do_not_name(tmp_path, capsys):
    (tmp_path / 'in').mkdir()
    for name in ('a', 'b_mask'):
        Image.fromarray(np.ones((5, 6), np.uint8)).save(tmp_path / f'in/{name}.png')
    (tmp_path / 'names.txt').write_text('cat\n')
    (tmp_path / 'tags.csv').write_text('image,tags\na.jpg,cat\nb.jpg,cat\n')
    argv = [str(tmp_path / 'in'), 'png', str(tmp_path / 'out')]
    argv += ['--classes', str(tmp_path / 'names.txt'), '--tags', str(tmp_path / 'tags.csv')]
    import_seeds.main(argv)
    assert 'of 1 of 2 images were not compared' in (said := capsys.readouterr().err)
    assert 'tags.csv does not name them: b_mask' in said
    (tmp_path / 'in/b_mask.png').unlink()
    import_seeds.main([*argv, '--overwrite'])
    assert not capsys.readouterr().err


def test_import_of_coco_by_the_names_of_its_photos(tmp_path, capsys):
    """Files named as the photos are; labels of the package tell that the keys are right."""
    (tmp_path / 'seeds').mkdir()
    (tmp_path / 'photos').mkdir()
    for number in (9, 25):
        name = f'COCO_train2014_{number:012d}'
        keys = np.array(COCOTaggedDataset.shipped_tags()[f'{number:012d}'])
        maps = np.full((len(keys), 8, 12), 0.5, np.float32)
        np.save(tmp_path / f'seeds/{name}.npy', {'keys': keys, 'cam': maps[:, ::2, ::2]})
        Image.fromarray(photo(8, 12)).save(tmp_path / f'photos/{name}.jpg')
    command = [str(tmp_path / 'seeds'), 'irn', str(tmp_path / 'out'), '--dataset', 'coco']
    import_seeds.main([*command, '--images', str(tmp_path / 'photos')])
    store = open_store(tmp_path / 'out')
    assert list(store) == ['000000000009', '000000000025']
    assert store['000000000009'].size == (8, 12)
    with pytest.raises(SystemExit, match='With --offset 0, 2 of 2 would'):
        import_seeds.main([*command, '--offset', '1', '--overwrite'])
    (tmp_path / 'ids.txt').write_text('COCO_train2014_000000000025\n')
    command[2] = str(tmp_path / 'one')
    options = ['--ids', str(tmp_path / 'ids.txt'), '--images', str(tmp_path / 'photos')]
    import_seeds.main([*command, *options])
    assert list(open_store(tmp_path / 'one')) == ['000000000025']


class TestCheckDataset:
    def test_folder(self, tiny_folder, capsys):
        assert check_dataset.main(['folder', str(tiny_folder)]) == 0
        text = capsys.readouterr().out
        assert '✓ tags.csv' in text and '- masks' in text and 'headers of 3 photos' in text

    def test_gap(self, tiny_folder, capsys):
        (tiny_folder / 'tags.csv').unlink()
        assert check_dataset.main(['folder', str(tiny_folder)]) == 1
        assert '✗ tags.csv' in capsys.readouterr().out

    def test_wrong_tags(self, tiny_folder, capsys):
        with open(tiny_folder / 'tags.csv', 'a') as file:
            file.write('gone.jpg,cat\n')
        assert check_dataset.main(['folder', str(tiny_folder)]) == 1
        assert 'gone (line 5)' in capsys.readouterr().out

    def test_bad_photos_and_exif(self, tiny_folder, capsys):
        image = Image.fromarray(photo())
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(tiny_folder / 'images/turned.jpg', exif=exif)
        (tiny_folder / 'images/broken.jpg').write_text('x')
        Image.fromarray(np.zeros((4, 4), np.uint16)).save(tiny_folder / 'images/deep.png')
        assert check_dataset.main(['folder', str(tiny_folder)]) == 1
        text = capsys.readouterr().out
        assert (
            '2 photos cannot be used:\n    images/broken.jpg (unreadable)\n    images/deep.png'
            in text
        )
        assert '1 photos have an EXIF orientation' in text

    def test_voc_and_coco_show_what_they_expect(self, tmp_path, tiny_voc, capsys):
        assert check_dataset.main(['voc', str(tiny_voc)]) == 1
        text = capsys.readouterr().out
        assert '✗ JPEGImages' in text and '4 of 12031 files' in text
        assert check_dataset.main(['coco', str(tmp_path / 'none')]) == 1
        assert 'missing, 82783 files expected' in capsys.readouterr().out

    def test_real_data(self, shared_root):
        assert check_dataset.main(['msrc', str(shared_root / 'data/msrcv2')]) == 0
