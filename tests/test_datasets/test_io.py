import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.io import read_image, read_mask
from tests.conftest import photo


@pytest.mark.parametrize('mode', ['L', 'RGBA', 'CMYK', 'P', '1', 'LA'])
@pytest.mark.parametrize('suffix', ['.png', '.tif', '.jpg'])
def test_every_8_bit_mode_becomes_rgb(tmp_path, mode, suffix):
    image = Image.fromarray(photo()).convert(mode)
    path = tmp_path / f'a{suffix}'
    try:
        image.save(path)
    except OSError:
        pytest.skip(f'{suffix} files are never {mode}')
    found = read_image(path)
    assert found.shape == (24, 32, 3) and found.dtype == np.uint8
    if suffix == '.tif':
        np.testing.assert_array_equal(found, np.array(image.convert('RGB')))


def test_alpha_is_dropped_and_the_colour_kept(tmp_path):
    pixels = np.dstack([photo(), np.zeros((24, 32), np.uint8)])
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), photo())


def test_palette_with_transparency(tmp_path):
    image = Image.fromarray(photo()).convert('P')
    image.save(tmp_path / 'a.png', transparency=bytes(range(256)))
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), np.array(image.convert('RGB')))


def test_one_pixel(tmp_path):
    Image.fromarray(photo(1, 1)).save(tmp_path / 'a.png')
    assert read_image(tmp_path / 'a.png').shape == (1, 1, 3)


@pytest.mark.parametrize('dtype', [np.uint16, np.int32, np.float32])
def test_deep_images_are_refused(tmp_path, dtype):
    Image.fromarray(np.zeros((5, 5), dtype)).save(tmp_path / 'a.tif')
    with pytest.raises(ImageError, match=r'a\.tif .* 16 or 32 bits .* 8-bit'):
        read_image(tmp_path / 'a.tif', 'a')


def test_16_bit_colour_is_refused(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((5, 5, 3), np.uint16))
    with pytest.raises(ImageError, match='16 or 32 bits'):
        read_image(tmp_path / 'a.png')


def test_cut_jpeg_is_named(tmp_path):
    path = tmp_path / 'cut.jpg'
    Image.fromarray(photo(200, 200)).save(path)
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(ImageError, match=r'cut\.jpg \(image .b/cut.\) cannot be read.*copy') as e:
        read_image(path, 'b/cut')
    assert e.value.img_id == 'b/cut' and e.value.path == path


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(ImageError, match='is not there'):
        read_image(tmp_path / 'no.jpg')
    (tmp_path / 'text.jpg').write_text('no image')
    with pytest.raises(ImageError, match='no image that Pillow knows'):
        read_image(tmp_path / 'text.jpg')
    (tmp_path / 'empty.jpg').touch()
    with pytest.raises(ImageError, match=r'empty\.jpg'):
        read_image(tmp_path / 'empty.jpg')


def test_exif_orientation_is_applied_only_when_asked(tmp_path):
    image = Image.fromarray(photo(10, 20))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    assert read_image(tmp_path / 'a.jpg').shape == (10, 20, 3)
    assert read_image(tmp_path / 'a.jpg', upright=True).shape == (20, 10, 3)


def test_image_error_survives_a_worker():
    """torch builds an error that crossed a process border from its message alone."""
    assert str(ImageError('text')) == 'text'


@pytest.mark.parametrize('mode', ['P', 'L'])
def test_masks_are_read_as_indices(tmp_path, mode):
    mask = np.array([[0, 1, 255], [2, 2, 0]], np.uint8)
    image = Image.fromarray(mask)
    if mode == 'P':
        image.putpalette([7] * 768)
    image.save(tmp_path / 'm.png')
    found = read_mask(tmp_path / 'm.png', num_classes=3, size=(2, 3))
    np.testing.assert_array_equal(found, mask)
    assert found.dtype == np.uint8


def test_bad_masks(tmp_path):
    path = tmp_path / 'm.png'
    Image.fromarray(np.array([[0, 90, 21]], np.uint8)).save(path)
    with pytest.raises(ImageError, match=r'm\.png.*\[21, 90\] are no class; 0\.\.20 and 255'):
        read_mask(path, num_classes=21)
    with pytest.raises(ImageError, match=r'mask is 1x3 .* photo 4x3.*EXIF'):
        read_mask(path, num_classes=91, size=(4, 3))
    Image.fromarray(photo()).save(path)
    with pytest.raises(ImageError, match='found mode RGB'):
        read_mask(path, num_classes=3)
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(path)
    with pytest.raises(ImageError, match='found mode I;16'):
        read_mask(path, num_classes=3)
    with pytest.raises(ImageError, match='is not there'):
        read_mask(tmp_path / 'no.png', num_classes=3)
