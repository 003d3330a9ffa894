"""Tag files as people and tools write them: what is meant, or a refusal that names the layout."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets import TaggedFolder
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.tags import read_tag_csv

IMAGES = ('a', 'b', 'c')
MEANT = {'a': ['cat'], 'b': ['dog'], 'c': ['cat', 'dog']}
STUDIO = [
    {'id': k, 'data': {'image': f'/data/upload/1/0a1b2c3{k}-{name}.jpg'},
     'annotations': [{'result': [{'type': 'choices', 'value': {'choices': tags}}]}]}
    for k, (name, tags) in enumerate(MEANT.items())
]  # fmt: skip
COCO = {
    'images': [{'id': k, 'file_name': f'{name}.jpg'} for k, name in enumerate(IMAGES)],
    'categories': [{'id': 1, 'name': 'cat'}, {'id': 2, 'name': 'dog'}],
    'annotations': [
        {'image_id': k, 'category_id': 1 + (tag == 'dog')}
        for k, name in enumerate(IMAGES)
        for tag in MEANT[name]
    ],
}


def table(tmp_path, text, encoding='utf-8', images=IMAGES, **options):
    path = tmp_path / 'tags.csv'
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return read_tag_csv(path, images, **options)


@pytest.mark.parametrize(
    'text',
    [
        'a.jpg,cat\nb.jpg,dog\nc.jpg,cat;dog\n',
        'image;tags\r\na.jpg;cat\r\nb.jpg;dog\r\nc.jpg;cat;dog\r\n',
        'image;tags\na.jpg;cat\nb.jpg;dog\nc.jpg;cat,dog\n',
        'image\ttags\na.jpg\tcat\nb.jpg\tdog\nc.jpg\tcat;dog\n',
        'a.jpg|cat\nb.jpg|dog\nc.jpg|cat;dog\n',
        'a,cat\nb,dog\nc,cat#dog\n',
        'photo file,what\na.jpg,cat\nb.jpg,dog\nc.jpg,cat|dog\n',
        'a.jpg,cat\nb.jpg,dog\nc.jpg,"cat, dog"\n',
        'f,l\na.jpg,"[\'cat\']"\nb.jpg,"[\'dog\']"\nc.jpg,"[\'cat\', \'dog\']"\n',
        'a.jpg,[cat]\nb.jpg,[dog]\nc.jpg,"[cat, dog]"\n',
        'a.jpg,"[""cat""]"\nb.jpg,"[""dog""]"\nc.jpg,"{""choices"":[""cat"",""dog""]}"\n',
        'filename, cat, dog\na.jpg, 1, 0\nb.jpg, 0, 1\nc.jpg, 1, 1\n',
        'filename,cat,dog\na.jpg,1,-1\nb.jpg,-1,1\nc.jpg,1,1\n',
        'filename,cat,dog\na.jpg,True,False\nb.jpg,False,True\nc.jpg,True,True\n',
        ',image,cat,dog\n0,a.jpg,1.0,0.0\n1,b.jpg,0.0,1.0\n2,c.jpg,1.0,1.0\n',
        ',image,tags\n0,a.jpg,cat\n1,b.jpg,dog\n2,c.jpg,cat;dog\n',
        'image,tag1,tag2\na.jpg,cat,\nb.jpg,dog,\nc.jpg,cat,dog\n',
        'filename,width,height,class,xmin\na.jpg,4,4,cat,1\nb.jpg,4,4,dog,1\n'
        'c.jpg,4,4,cat,1\nc.jpg,4,4,dog,2\n',
        '# exported\nimage,tags\na.jpg,cat\nb.jpg,dog\nc.jpg,cat;dog\n',
        'images/a.jpg,cat\nimages/b.jpg,dog\nimages/c.jpg,cat;dog\n',
        'C:\\data\\images\\a.jpg,cat\nC:\\data\\images\\b.jpg,dog\nC:\\data\\images\\c.jpg,cat;dog\n',
        './a.JPG,cat\n./b.JPG,dog\n./c.JPG,cat;dog;cat\n',
        json.dumps(STUDIO),
        json.dumps(COCO),
        json.dumps({f'{k}.jpg': v for k, v in MEANT.items()}),
        '\n'.join(json.dumps({'filename': f'{k}.jpg', 'label': v}) for k, v in MEANT.items()),
        json.dumps([{'image': f'/data/upload/1/0a1b2c3d-{k}.jpg', 'choice': v[0] if len(v) == 1
                     else {'choices': v}} for k, v in MEANT.items()]),
    ],
)  # fmt: skip
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_what_is_meant(tmp_path, text, encoding):
    assert table(tmp_path, text, encoding).tags == MEANT


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.jpg,cat primary\nb.jpg,dog primary\nc.jpg,cat dog\n', 'tags between blanks, or names'),
        ('a.jpg,"cat, dog"\nb.jpg,dog|cat\n', "separated by '|' and by ','"),
        ('file,weight,size\na.jpg,3,4\nb.jpg,3,4\n', 'columns are file, weight, size: none is'),
        ('file,cat,dog\na.jpg,1,0\nb.jpg,0,-1\n', 'columns hold -1, 0 and 1'),
        ('file,cat,dog\na.jpg,0.9,0.1\nb.jpg,0.2,0.8\n', 'no table of 0 and 1'),
        ('image,tags\na.jpg,cat,dog\n', r'line 2 has 3 cells'),
        (json.dumps({'shapes': [], 'imagePath': 'a.jpg'}), "labelme's file of one photo"),
        (json.dumps([{'foo': 1, 'bar': 2}]), r'not known \(keys foo, bar\)'),
        ('{"a": ', 'no readable JSON'),
    ],
)
def test_refusals_name_the_layout(tmp_path, text, message):
    with pytest.raises(DataError, match=message.replace('|', r'\|')):
        table(tmp_path, text)


@pytest.mark.parametrize(
    ('text', 'tags', 'remark'),
    [
        ('a.jpg,Cat\nb.jpg,cat\n', {'a': ['Cat'], 'b': ['cat']}, "case only: 'Cat' and 'cat'"),
        ('a.jpg,none\nb.jpg,background;cat\nc.jpg,nan\n', {'a': [], 'b': ['cat'], 'c': []},
         "read as \"no tag\": 'none' (1 images)"),
        ('a.jpg,"a,b;cat"\nb.jpg,cat\n', {'a': ['a,b', 'cat'], 'b': ['cat']}, "separator: 'a,b'"),
        ('a.jpg,C#\nb.jpg,cat\n', {'a': ['C#'], 'b': ['cat']}, "separator: 'C#'"),
        ('image,tags\na.jpg,1\nb.jpg,0\n', {'a': ['1'], 'b': ['0']}, 'names that are numbers'),
        ('a.jpg,cat|dog\nb.jpg,cat\n', {'a': ['cat', 'dog'], 'b': ['cat']}, "split at '|'"),
        ('a.jpg,cat\na.jpg,dog\n', {'a': ['cat', 'dog']}, 'name an image again'),
        ('x,y\na.jpg,cat\n', {'a': ['cat']}, 'line 1 is read as the header: x, y'),
        ('pics/a.jpg,cat\npics/b.jpg,cat\n', {'a': ['cat'], 'b': ['cat']}, 'without pics/'),
    ],
)  # fmt: skip
def test_remarks(tmp_path, text, tags, remark):
    found = table(tmp_path, text)
    assert found.tags == tags
    assert remark in '; '.join(found.remarks)


@pytest.mark.parametrize('fine', ['good', 'OK', 'no defect'])
def test_a_label_that_says_nothing_is_wrong(tmp_path, fine):
    path = tmp_path / 'tags.csv'
    path.write_text(f'a.png,{fine}\nb.png,scratch\n')
    (remark,) = read_tag_csv(path, ['a', 'b']).remarks
    assert remark.startswith(f'{fine!r} would be looked for') and 'write none' in remark
    path.write_text('a.png,none\nb.png,scratch\n')
    table = read_tag_csv(path, ['a', 'b'])
    assert table.tags == {'a': [], 'b': ['scratch']} and 'would be' not in str(table.remarks)


def test_names_of_two_words_and_given_classes(tmp_path):
    text = 'a.jpg,traffic light\nb.jpg,traffic sign\nc.jpg,traffic light;street lamp\n'
    assert table(tmp_path, text).tags['c'] == ['traffic light', 'street lamp']
    blanks = 'a.jpg,cat primary\nb.jpg,dog primary\nc.jpg,cat dog\n'
    assert table(tmp_path, blanks, separator=' ').tags['c'] == ['cat', 'dog']
    assert table(tmp_path, blanks, classes=['cat', 'dog', 'primary']).tags['c'] == ['cat', 'dog']
    given = table(tmp_path, 'a.jpg,"a, b"\nb.jpg,none\n', classes=['a, b', 'none'])
    assert given.tags == {'a': ['a, b'], 'b': ['none']} and given.tags['b'] == ['none']


def test_an_image_that_is_not_there_is_no_header(tmp_path):
    found = table(tmp_path, 'zz,cat\na,cat\nb,dog\n')
    assert list(found.tags) == ['zz', 'a', 'b']


def test_folders_that_are_there_are_never_dropped(tmp_path):
    found = table(tmp_path, 'cam1/a.jpg,cat\ncam2/a.jpg,dog\n', images=('cam1/a', 'cam2/a', 'a'))
    assert found.tags == {'cam1/a': ['cat'], 'cam2/a': ['dog']}


def test_composed_and_decomposed_names_are_one(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    from PIL import Image

    name = unicodedata.normalize('NFD', 'Grün é.jpg')
    Image.new('RGB', (4, 4)).save(folder / name)
    (tmp_path / 'tags.csv').write_text(
        unicodedata.normalize('NFC', 'Grün é.jpg') + ',' + unicodedata.normalize('NFD', 'Bär\n')
    )
    dataset = TaggedFolder(data_root=str(tmp_path), classes=[unicodedata.normalize('NFC', 'Bär')])
    assert dataset.ids == [unicodedata.normalize('NFC', 'Grün é')]
    assert dataset.get_data_info(0)['img_path'].endswith(name)
    assert dataset.get_data_info(0)['gt_label'].tolist() == [1]


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('a.heic', r'Pillow cannot read 1 of them as they are: a\.heic\. Save them as JPEG'),
        ('A.jpg', r'differ in case: a \(A\)'),
        ('deep/a.jpg', r'In other folders there are: a \(deep/a\)'),
    ],
)
def test_missing_photos_are_explained(tmp_path, name, message):
    from PIL import Image

    for file in (name, 'b.jpg'):
        path = tmp_path / 'images' / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (4, 4)).save(path, 'JPEG')
    (tmp_path / 'tags.csv').write_text('a.jpg,cat\nb.jpg,dog\n')
    with pytest.raises(DataError, match=message):
        TaggedFolder(data_root=str(tmp_path))


names = st.text('abcxyz -', min_size=1, max_size=5).map(str.strip).filter(bool)


@settings(max_examples=50, deadline=None)
@given(tags=st.lists(st.lists(names, max_size=3, unique=True), min_size=1, max_size=6),
       delimiter=st.sampled_from(',;\t'))  # fmt: skip
def test_round_trip(tmp_path_factory, tags, delimiter):
    text = ''.join(f'i{k}.jpg{delimiter}{";".join(row)};\n' for k, row in enumerate(tags))
    found = table(tmp_path_factory.mktemp('t'), text, images=None)
    assert found.tags == {f'i{k}': row for k, row in enumerate(tags)}
