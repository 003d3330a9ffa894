"""Seeds of published repositories come in, IRN's form goes out."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.stores import StoreError, open_store
from mmwsss.stores.foreign import export_irn, import_folder
from mmwsss.stores.safe_pickle import load_pickled_npy

CLASSES = tuple('abcdefgh')
MAPS = np.random.default_rng(0).random((2, 9, 7)).astype('f')


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    for id in 'xy':
        Image.new('RGB', (7, 9)).save(folder / f'{id}.jpg')
    return folder


@pytest.fixture
def source(tmp_path):
    (tmp_path / 'source').mkdir()
    return tmp_path / 'source'


def load(source, fmt, **options):
    store = import_folder(
        source, fmt, source.parent / 'out', classes=CLASSES, stride=1, dtype='float32', **options
    )
    return store['x']


@pytest.mark.parametrize(
    ('fmt', 'content'),
    [
        ('irn', {'keys': np.array([2, 5]), 'cam': MAPS[:, ::4, ::4], 'high_res': MAPS}),
        ('class_map', {5: MAPS[1], 2: MAPS[0]}),
        ('crf', {0: MAPS[0] / 2, 3: MAPS[0], 6: MAPS[1]}),
    ],
)
def test_published_dictionaries(source, fmt, content):
    np.save(source / 'x.npy', content)
    seeds = load(source, fmt)
    assert seeds.classes.tolist() == [2, 5]
    np.testing.assert_array_equal(seeds.scores, MAPS)
    if fmt == 'crf':
        np.testing.assert_array_equal(seeds.background, MAPS[0] / 2)


def test_fma_maps_are_rectified_and_stretched(source, images):
    raw = MAPS[:, ::2, ::2] * 4 - 2
    np.savez(source / 'x.npz', cam=raw, fg_cls=np.array([5, 2]), fg_logit=np.zeros(2))
    seeds = load(source, 'fma', image_folder=images)
    assert seeds.classes.tolist() == [2, 5]
    assert seeds.scores.shape == (2, 9, 7)
    np.testing.assert_allclose(seeds.scores.max((1, 2)), 1, atol=1e-6)
    assert (seeds.scores == 0).any()
    np.testing.assert_array_equal(seeds.raw, raw[::-1].astype(np.float32))  # signed, as they were


def test_an_image_without_classes_needs_its_photo(source, images):
    np.save(source / 'x.npy', {})
    with pytest.raises(StoreError, match='give the image folder'):
        load(source, 'class_map')
    assert load(source, 'class_map', image_folder=images).scores.shape == (0, 9, 7)


def test_bad_files_are_listed_and_the_others_imported(source):
    np.save(source / 'x.npy', {2: MAPS[0]})
    np.save(source / 'big.npy', {2: MAPS[0] * 3})
    np.save(source / 'foreign.npy', {99: MAPS[0]})
    (source / 'cut.npy').write_bytes(b'')
    with pytest.raises(StoreError) as error:
        load(source, 'class_map')
    text = str(error.value)
    assert '3 of 4 files' in text
    assert 'normalise' in text
    assert 'class id 99' in text
    assert 'cut:' in text
    assert list(open_store(source.parent / 'out')) == ['x']
    for id in ('big', 'foreign', 'cut'):
        (source / f'{id}.npy').unlink()


def test_wrong_use_is_named(source):
    with pytest.raises(StoreError, match="format 'voc' is unknown; choose from irn"):
        load(source, 'voc')
    with pytest.raises(StoreError, match=r'no \*\.npy file found.*Files there: none'):
        load(source, 'irn')
    for name in ('a.jpg', 'deep/b.jpg', 'c.npz', '.hidden', 'LICENSE'):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).touch()
    held = 'Files there: 2 .jpg, 1 .npz, 1 without a suffix'
    with pytest.raises(StoreError, match=f'{held}. JPEG changes class numbers'):
        load(source, 'png')
    with pytest.raises(StoreError, match=f'{held}$'):
        load(source, 'irn')
    with pytest.raises(StoreError, match='does not exist'):
        load(source / 'nowhere', 'irn')
    np.save(source / 'x.npy', {'cam': MAPS})
    with pytest.raises(StoreError, match="key 'keys' is missing"):
        load(source, 'irn')


def test_export_and_import_again(source):
    np.save(source / 'x.npy', {2: MAPS[0]})
    load(source, 'class_map')
    store = open_store(source.parent / 'out')
    assert export_irn(store, source.parent / 'irn') == 1
    content = load_pickled_npy(source.parent / 'irn' / 'x.npy')
    assert content['cam'].shape == (1, 3, 2)
    again = import_folder(
        source.parent / 'irn',
        'irn',
        source.parent / 'again',
        classes=CLASSES,
        stride=1,
        dtype='float32',
    )
    np.testing.assert_array_equal(again['x'].scores, MAPS[:1])
