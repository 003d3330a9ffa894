import pytest
from PIL import Image

from mmwsss.datasets import DataError, TaggedFolder
from tests.conftest import photo


def build(root, **options):
    return TaggedFolder(data_root=str(root), **options)


def test_found_classes(tiny_folder):
    dataset = build(tiny_folder)
    assert dataset.metainfo['classes'] == ('background', 'beach', 'cat', 'dog')
    assert dataset.ids == ['empty', 'holiday/my dog, 1', 'holiday/Übung']
    assert dataset.get_data_info(1)['gt_label'].tolist() == [1, 0, 1]
    assert dataset.tag_protocol['untagged'] == 1


def test_given_classes(tiny_folder):
    names = ['cat', 'dog', 'beach', 'horse']
    assert build(tiny_folder, classes=names).get_data_info(1)['gt_label'].tolist() == [0, 1, 1, 0]
    (tiny_folder / 'classes.txt').write_text('background\ncat\ndog\nbeach\nhorse\n')
    dataset = build(tiny_folder, classes='classes.txt')
    assert dataset.metainfo['classes'] == ('background', *names)
    with pytest.raises(DataError, match=r"1 tags .*'dog' \(line 2\), did you mean 'dogs'\?"):
        build(tiny_folder, classes=['cat', 'dogs', 'beach'])


def test_photos_that_the_csv_does_not_name_are_untagged(tiny_folder):
    (tiny_folder / 'tags.csv').write_text('holiday/Übung.png,cat\n', encoding='utf-8')
    assert build(tiny_folder).tag_protocol['untagged'] == 2


def test_csv_names_absent_photos(tiny_folder):
    with open(tiny_folder / 'tags.csv', 'a') as file:
        file.write('gone.jpg,cat\n')
    with pytest.raises(DataError, match=r'tags\.csv: 1 images are not in .*: gone \(line 5\)'):
        build(tiny_folder)


def test_lists_may_hold_blanks(tiny_folder):
    (tiny_folder / 'val.txt').write_text('holiday/my dog, 1.jpg\n')
    assert build(tiny_folder, ann_file='val.txt').ids == ['holiday/my dog, 1']


def test_without_tags(tiny_folder):
    with pytest.raises(DataError, match='without a CSV of tags, name the classes'):
        build(tiny_folder, tags={'source': 'none'})
    dataset = build(tiny_folder, tags={'source': 'none'}, classes=['cat'])
    assert dataset.tag_protocol['untagged'] == 3
    (tiny_folder / 'tags.csv').write_text('empty.jpg,\n')
    with pytest.raises(DataError, match='no class is given, and no image has a tag'):
        build(tiny_folder)


def test_parts(tiny_folder):
    photo = (tiny_folder / 'images/empty.jpg').read_bytes()
    for number in range(40):
        (tiny_folder / f'images/{number}.jpg').write_bytes(photo)
    with open(tiny_folder / 'tags.csv', 'a') as file:
        file.writelines(f'{number}.jpg,{"cat" if number % 2 else "dog"}\n' for number in range(40))
    whole, train, held = (
        set(build(tiny_folder, part=part).ids) for part in ('all', 'train', 'held_out')
    )
    assert train | held == whole
    assert not train & held
    assert len(held) == 4
    with pytest.raises(DataError, match='is none of all, train, held_out'):
        build(tiny_folder, part='test')


def test_too_few_photos_for_parts(tiny_folder):
    assert build(tiny_folder, part='held_out').ids == build(tiny_folder).ids


def turned_photo(path):
    """A photo of 20 x 30 pixels (height x width) that is shown as 30 x 20."""
    image = Image.fromarray(photo(20, 30))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path, exif=exif)


def test_photos_are_upright_unless_told(tiny_folder):
    turned_photo(tiny_folder / 'images/turned.jpg')
    pipeline = [{'type': 'LoadImage'}]
    for upright, size in ((True, (30, 20)), (False, (20, 30))):
        options = {} if upright else {'upright': False}
        dataset = build(tiny_folder, pipeline=pipeline, **options)
        assert dataset[dataset.ids.index('turned')]['ori_shape'] == size
        assert dataset.tag_protocol['upright'] is upright, 'stores record it'


def test_photos_are_read_within_the_limit(tiny_folder):
    dataset = build(tiny_folder, pipeline=[{'type': 'LoadImage'}], max_pixels=100)
    sample = dataset[dataset.ids.index('empty')]
    assert sample['img'].shape[0] * sample['img'].shape[1] <= 100
    assert sample['ori_shape'] == (20, 22)
    assert dataset.tag_protocol['max_pixels'] == 100
    with pytest.raises(DataError, match='max_pixels is at least 1 or None'):
        build(tiny_folder, max_pixels=0)


def test_untagged_photos_of_a_part_are_counted(tiny_folder):
    content = (tiny_folder / 'images/empty.jpg').read_bytes()
    for number in range(40):
        (tiny_folder / f'images/{number}.jpg').write_bytes(content)
    counts = {}
    for part in ('all', 'train', 'held_out'):
        dataset = build(tiny_folder, part=part)
        records = map(dataset.get_data_info, range(len(dataset)))
        counts[part] = sum(not record['gt_label'].any() for record in records)
        assert dataset.tag_protocol['untagged'] == counts[part], 'stores record it'
    assert counts['all'] == counts['train'] + counts['held_out'] > counts['train']


def test_lists_to_score_are_read_as_the_others(tiny_folder, tmp_path):
    dataset = build(tiny_folder)
    (tmp_path / 'some.txt').write_text('holiday/my dog, 1.jpg\nempty\nnobody\n')
    assert dataset.listed_ids(tmp_path / 'some.txt') == {'holiday/my dog, 1', 'empty'}
    (tmp_path / 'none.txt').write_text('nobody\n')
    with pytest.raises(DataError, match=r'none of its 1 ids \(nobody, ...\) is one of the 3'):
        dataset.listed_ids(tmp_path / 'none.txt')
