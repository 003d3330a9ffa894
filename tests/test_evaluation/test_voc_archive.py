"""The archive for VOC's server, made by the command, unpacked and looked at."""

import tarfile

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import DataError
from mmwsss.datasets.voc import LISTS
from mmwsss.evaluation.voc_archive import pack_voc
from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.mask_store import voc_palette

IDS = ['2008_000006', '2008_000011', '2012_004329']
CLASSES = tuple((LISTS / 'classes.txt').read_text().split())[1:]
FOLDER = 'results/VOC2012/Segmentation/comp6_test_cls'


def mask_of(id, height=6, width=9):
    rng = np.random.default_rng(int(id[-4:]))
    return rng.integers(0, 21, (height, width)).astype(np.uint8)


@pytest.fixture
def store(tmp_path):
    made = create_store(tmp_path / 'masks', StoreMeta('masks', CLASSES, ''))
    for id in IDS:
        made.write(id, mask_of(id))
    made.close()
    return tmp_path / 'masks'


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'JPEGImages'
    folder.mkdir()
    for id in IDS:
        Image.new('RGB', (9, 6)).save(folder / f'{id}.jpg')
    return folder


def unpacked(archive, tmp_path):
    """What the server sees: path in the archive to (mode, palette, pixels)."""
    with tarfile.open(archive) as file:
        file.extractall(tmp_path / 'server', filter='data')
    found = {}
    for path in sorted((tmp_path / 'server').rglob('*.png')):
        with Image.open(path) as image:
            name = path.relative_to(tmp_path / 'server').as_posix()
            found[name] = (image.mode, image.getpalette(), np.array(image))
    return found


def save_grey(path, mask):
    Image.fromarray(mask).save(path)


def test_an_archive_is_what_the_server_takes(store, photos, tmp_path):
    assert pack_voc(store, tmp_path / 'a.tar.gz', IDS[:2], images=photos) == 1
    found = unpacked(tmp_path / 'a.tar.gz', tmp_path)
    assert list(found) == [f'{FOLDER}/{id}.png' for id in IDS[:2]]
    for id in IDS[:2]:
        mode, palette, pixels = found[f'{FOLDER}/{id}.png']
        assert mode == 'P'
        assert palette[:63] == voc_palette()[:21].ravel().tolist()
        np.testing.assert_array_equal(pixels, mask_of(id))


def test_the_same_masks_give_the_same_bytes(store, tmp_path):
    for name in ('a.tgz', 'b.tgz'):
        pack_voc(store, tmp_path / name, IDS)
    assert (tmp_path / 'a.tgz').read_bytes() == (tmp_path / 'b.tgz').read_bytes()


def test_grey_masks_get_the_palette(store, tmp_path):
    save_grey(store / f'{IDS[0]}.png', mask_of(IDS[0]))
    pack_voc(store, tmp_path / 'a.tar.gz', IDS, competition='comp5')
    found = unpacked(tmp_path / 'a.tar.gz', tmp_path)
    mode, _, pixels = found[f'results/VOC2012/Segmentation/comp5_test_cls/{IDS[0]}.png']
    assert mode == 'P'
    np.testing.assert_array_equal(pixels, mask_of(IDS[0]))


def with_ignored(path):
    mask = mask_of(IDS[0])
    mask[0, 0] = 255
    save_grey(path, mask)


def with_another_size(path):
    save_grey(path, mask_of(IDS[0], 9, 6))


def in_colour(path):
    Image.fromarray(voc_palette()[mask_of(IDS[0])]).save(path)


def numbered_anew(path):
    image = Image.fromarray(mask_of(IDS[0]))
    image.putpalette(voc_palette()[::-1].copy().tobytes())
    image.save(path)


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (with_ignored, r'000006.png: values 0\.\.20 are expected, found \[255\]\. 255 is for'),
        (with_another_size, r'000006.png: it is 6 x 9 \(width x height\), the photo 9 x 6'),
        (in_colour, r'000006.png: .*mode RGB.*colour_masks'),
        (numbered_anew, r"000006.png: value \d+ has the colour .*, VOC's is .*colour_masks"),
        (lambda path: path.write_bytes(b'rubbish'), '000006.png: cannot identify image'),
    ],
)
def test_what_the_server_would_refuse(store, photos, tmp_path, spoil, message):
    spoil(store / f'{IDS[0]}.png')
    with pytest.raises(
        DataError, match=rf'(?s)1 of 3 masks are not what the server takes.*{message}'
    ):
        pack_voc(store, tmp_path / 'a.tar.gz', IDS, images=photos)
    assert not list(tmp_path.glob('*a.tar.gz*'))


def test_missing_masks_and_photos_are_named(store, photos, tmp_path):
    ids = (LISTS / 'test.txt').read_text().split()
    with pytest.raises(DataError, match=r'masks: no mask of 145\d of 1456 images: 2008_'):
        pack_voc(store, tmp_path / 'a.tar.gz', ids)
    (photos / f'{IDS[1]}.jpg').unlink()
    with pytest.raises(DataError, match=f'no photo of 1 of 3 images: {IDS[1]}'):
        pack_voc(store, tmp_path / 'a.tar.gz', IDS, images=photos)


@pytest.mark.parametrize(
    ('out', 'ids', 'options', 'message'),
    [
        ('a.zip', IDS, {}, r'a \.tar\.gz'),
        ('a.tgz', [], {}, 'empty'),
        ('a.tgz', IDS * 2, {}, 'twice'),
        ('a.tgz', IDS, {'competition': 'comp3'}, 'comp5 or comp6'),
    ],
)
def test_wrong_arguments(store, tmp_path, out, ids, options, message):
    with pytest.raises(DataError, match=message):
        pack_voc(store, tmp_path / out, ids, **options)
