"""Published folders of pseudo masks become mask stores."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.stores import StoreError, StoreMismatch, open_store
from mmwsss.stores.foreign import import_folder

CLASSES = ('cat', 'dog', 'owl')
MASK = np.zeros((6, 8), np.uint8)
MASK[1:3], MASK[3], MASK[5] = 1, 3, 255


@pytest.fixture
def source(tmp_path):
    (tmp_path / 'source').mkdir()
    for id in 'xyz':
        Image.new('RGB', (8, 6)).save(tmp_path / f'{id}.jpg')
    return tmp_path / 'source'


def load(source, fmt, **options):
    options = dict(classes=CLASSES, image_folder=source.parent) | options
    return import_folder(source, fmt, source.parent / 'out', **options)


@pytest.mark.parametrize('palette', [True, False])
def test_png(source, palette):
    image = Image.fromarray(MASK)
    if palette:
        image.putpalette(list(range(256)) * 3)
    image.save(source / 'x.png')
    store = load(source, 'png', tags={'x': [0, 2]})
    assert store.meta.kind == 'masks' and store.meta.classes == CLASSES
    np.testing.assert_array_equal(store['x'], MASK)


@pytest.mark.parametrize('dtype', ['uint8', 'int64', 'float32'])
@pytest.mark.parametrize('name', ['x', 'x.jpg', 'deep/down/x'])
def test_npy(source, dtype, name):
    path = source / f'{name}.npy'
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, MASK.astype(dtype)[None])
    np.testing.assert_array_equal(load(source, 'npy', ids=['x'])['x'], MASK)


def test_bad_files_are_listed_and_the_others_imported(source):
    np.save(source / 'x.npy', MASK)
    np.save(source / 'y.npy', MASK + np.uint8(40))
    np.save(source / 'z.npy', MASK.T)
    with pytest.raises(StoreError) as error:
        load(source, 'npy', ids=[*'xyz', 'w'])
    text = str(error.value)
    assert '3 of 4 files' in text and 'w: no w.npy in the folder' in text
    assert 'y: ' in text and 'values 0..3 and 255 are expected, found [39, 40, 41, 43]' in text
    assert 'z: it is 8x6 (height x width), the photo 6x8' in text
    assert list(open_store(source.parent / 'out')) == ['x']


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'keys': [1], 'cam': MASK}, 'seeds are read by formats irn'),
        (MASK / 7, 'class numbers are expected, found float'),
        (np.zeros((4, 6, 8)), 'format array'),
    ],
)
def test_what_is_no_label_map(source, content, message):
    np.save(source / 'x.npy', content)
    with pytest.raises(StoreError, match=message):
        load(source, 'npy')


def test_colour_masks_name_their_converter(source):
    Image.new('RGB', (8, 6)).save(source / 'x.png')
    with pytest.raises(StoreError, match=r'mode RGB: .*colour_masks\.py'):
        load(source, 'png')


def test_masks_of_other_classes_are_refused_before_anything_is_written(source):
    Image.fromarray(MASK * 0 + 2).save(source / 'x.png')
    with pytest.raises(StoreMismatch, match='tagged cat, in the mask dog'):
        load(source, 'png', tags={'x': [0]})
    assert not (source.parent / 'out').exists()
