"""What check_dataset finds before training."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.conftest import photo
from tools.analysis_tools import check_dataset

XML = '<annotation><object><name>{}</name></object></annotation>'


@pytest.fixture
def rocks(tmp_path):
    """Two photos tagged rock and one with nothing, with masks."""
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    for k in range(3):
        Image.fromarray(photo(20, 24, k)).save(tmp_path / f'images/i{k}.jpg')
        mask = np.zeros((20, 24), np.uint8)
        mask[4:9] = k < 2
        Image.fromarray(mask).save(tmp_path / f'masks/i{k}.png')
    (tmp_path / 'tags.csv').write_text('i0.jpg,rock\ni1.jpg,rock\ni2.jpg,none\n')
    return tmp_path


def run(capsys, *command):
    status = check_dataset.main([str(part) for part in command])
    return status, capsys.readouterr().out


def test_classes_with_their_photos_and_remarks(rocks, capsys):
    (rocks / 'images/x.heic').write_bytes(b'x')
    status, text = run(capsys, 'folder', rocks)
    assert status == 0
    assert '3 photos, 1 of them without tags; photos a class: rock 2' in text
    assert 'read as "no tag": \'none\' (1 images)' in text
    assert '1 files cannot be read and are left out: x.heic' in text
    assert '3 masks: sizes, values and classes' in text


def test_the_largest_photo_and_what_it_takes(rocks, capsys):
    Image.fromarray(np.zeros((3000, 4000, 3), np.uint8)).save(rocks / 'images/big.jpg')
    _, text = run(capsys, 'folder', rocks)
    assert 'largest photo: images/big.jpg, 4000x3000 (12.0 megapixels)' in text
    assert 'cam_lite0_folder.py looks at it with up to 480x360 pixels' in text
    assert 'about 1.3 GiB and 1 s on one CPU core' in text


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda m: m * 255, '0 and 255 only'),
        (lambda m: m * 7, r'values \[7\] are no class'),
        (lambda m: m[:10], 'the mask is 10x24'),
        (lambda m: np.stack([m] * 3, -1), 'colour_masks.py'),
    ],
)
def test_masks_are_read(rocks, capsys, change, message):
    import re

    for k in range(2):
        path = rocks / f'masks/i{k}.png'
        Image.fromarray(change(np.array(Image.open(path)))).save(path)
    status, text = run(capsys, 'folder', rocks)
    assert status == 1 and re.search(message, text)


def test_masks_of_another_name(rocks, capsys):
    for k in range(3):
        (rocks / f'masks/i{k}.png').rename(rocks / f'masks/i{k}_mask.png')
    status, text = run(capsys, 'folder', rocks)
    assert status == 1 and "Give seg_map_suffix='_mask.png'" in text


def test_pixels_finds_every_truncated_photo(rocks, capsys):
    for k in (0, 2):
        path = rocks / f'images/i{k}.jpg'
        path.write_bytes(path.read_bytes()[:-40])
    assert run(capsys, 'folder', rocks)[0] == 0
    status, text = run(capsys, 'folder', rocks, '--pixels')
    assert status == 1 and '2 photos cannot be used' in text
    assert 'i0.jpg' in text and 'i2.jpg' in text and 'cut short' in text


def test_data_sets_of_a_config(rocks, capsys):
    config = rocks / 'config.py'
    config.write_text(
        f'data = dict(type="TaggedFolder", data_root={str(rocks)!r}, _scope_="mmwsss", '
        'pipeline=[dict(type="LoadImage")])\n'
        'train_dataloader = dict(dataset=data)\nval_dataloader = dict(dataset=data)\n'
        'test_dataloader = dict(dataset=dict(data, data_prefix=dict(img_path="images", '
        'seg_map_path="masks")))\n'
    )
    status, text = run(capsys, 'config', config)
    assert status == 0, text
    assert text.count('photos a class: rock 2') == 2  # train and val are one
    assert '3 masks' in text
    (rocks / 'images/i0.jpg').unlink()
    status, text = run(capsys, 'config', config)
    assert status == 1 and 'i0 (line 1)' in text


@pytest.fixture
def own_voc(tmp_path):
    for name in ('JPEGImages', 'Annotations', 'SegmentationClass'):
        (tmp_path / name).mkdir()
    for k, name in enumerate(('Cat', 'dog')):
        Image.fromarray(photo(20, 24, k)).save(tmp_path / f'JPEGImages/{name}.jpg')
        (tmp_path / f'Annotations/{name}.xml').write_text(XML.format(name))
        mask = np.full((20, 24), k + 1, np.uint8)
        Image.fromarray(mask).save(tmp_path / f'SegmentationClass/{name}.png')
    return tmp_path


def test_own_classes_in_the_layout_of_voc(own_voc, capsys):
    (own_voc / 'labelmap.txt').write_text('background:0,0,0::\nCat:250,50,83::\ndog:51,221,255::\n')
    status, text = run(capsys, 'voc', own_voc)
    assert status == 0 and 'Cat 1, dog 1' in text and '2 masks: sizes' in text
    (own_voc / 'names.txt').write_text('_background_\n__ignore__\ndog\nCat\n')
    status, text = run(capsys, 'voc', own_voc, '--classes', own_voc / 'names.txt')
    assert status == 1 and 'hold no class that their photo is tagged with' in text


def test_a_part_of_voc_is_looked_at(tmp_path, capsys):
    for name in ('JPEGImages', 'SegmentationClass'):
        (tmp_path / name).mkdir()
    for name in ('2007_000032', '2007_000033'):  # aeroplane and person; aeroplane, of val
        Image.fromarray(photo(20, 24)).save(tmp_path / f'JPEGImages/{name}.jpg')
        Image.fromarray(np.ones((20, 24), np.uint8)).save(
            tmp_path / f'SegmentationClass/{name}.png'
        )
    status, text = run(capsys, 'voc', tmp_path)
    assert status == 1 and '2 of 12031 files' in text
    assert 'train_aug: the 1 photos that are there' in text
    assert text.count('1 masks: sizes, values and classes') == 2
    for name, split in (('2007_000032', 'train'), ('2007_000033', 'val')):
        (tmp_path / f'{split}.txt').write_text(f'{name}\n')
    status, text = run(capsys, 'voc', tmp_path, '--list', 'train.txt', 'val.txt')
    assert status == 0 and '✗' not in text
    assert 'train.txt: 1 photos' in text and 'val.txt: 1 photos' in text
    with pytest.raises(SystemExit):
        run(capsys, 'folder', tmp_path, '--list', 'train.txt')


def test_photos_whose_names_differ_in_case(rocks, capsys):
    (rocks / 'images/I0.jpg').write_bytes((rocks / 'images/i0.jpg').read_bytes())
    if len(list((rocks / 'images').iterdir())) == 3:
        pytest.skip('a file system that ignores case')
    status, text = run(capsys, 'folder', rocks)
    assert status == 0 and 'photos whose names differ in case only: I0, i0' in text


def test_tables_beside_missing_tags_are_named(rocks, capsys):
    (rocks / 'tags.csv').rename(rocks / 'labels.xlsx')
    status, text = run(capsys, 'folder', rocks)
    assert status == 1
    assert 'tags.csv is not there. Beside where it is expected: labels.xlsx.' in text
    (rocks / 'labels.xlsx').unlink()
    assert 'Beside' not in run(capsys, 'folder', rocks)[1]


def test_many_bad_masks_have_a_line_each(rocks, capsys):
    for k in range(3, 15):
        Image.fromarray(photo(20, 24, k)).save(rocks / f'images/i{k}.jpg')
        Image.fromarray(np.zeros((5, 5), np.uint8)).save(rocks / f'masks/i{k}.png')
    status, text = run(capsys, 'folder', rocks)
    assert status == 1
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if '12 of 15 masks cannot be used' in line)
    assert all('the mask is 5x5' in line for line in lines[first + 1 : first + 11])
    assert lines[first + 11].strip() == 'and 2 more'


def test_the_kind_comes_first(rocks, capsys):
    with pytest.raises(SystemExit):
        check_dataset.main([str(rocks)])
    assert f'The kind comes first: folder {rocks}' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        check_dataset.main(['wheels', '.'])
    assert "'wheels' is none of voc, coco" in capsys.readouterr().err


def test_photos_that_reading_refuses_are_named(rocks, capsys, monkeypatch):
    from mmwsss.stores import images

    monkeypatch.setattr(images, 'MAX_PIXELS', 500)
    Image.fromarray(photo(30, 20)).save(rocks / 'images/large.png')
    cv2.imwrite(str(rocks / 'images/deep.png'), np.zeros((9, 9, 3), np.uint16))
    status, text = run(capsys, 'folder', rocks)
    assert status
    assert 'images/large.png (20 x 30 pixels are declared, images of more than 500' in text
    assert 'images/deep.png (mode RGB' in text
