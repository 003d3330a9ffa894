"""Decoders of photos; those of simplejpeg need the extra [jpeg]."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import ImageError, decoding
from mmwsss.datasets.decoding import choose_decoder
from mmwsss.datasets.io import read_image
from mmwsss.datasets.transforms import LoadImage
from tests.conftest import photo


@pytest.fixture
def simplejpeg():
    return pytest.importorskip('simplejpeg', reason='the extra [jpeg] is not installed')


@pytest.fixture
def missing(monkeypatch):
    """A machine without simplejpeg."""
    monkeypatch.setattr(decoding, 'find_spec', lambda name: None)


def test_missing_decoder_is_refused_with_what_to_install(missing, monkeypatch):
    with pytest.raises(ImportError, match=r"decoder is 'simplejpeg'.*pip install 'mmwsss\[jpeg\]'"):
        LoadImage(decoder='simplejpeg')
    monkeypatch.setenv('MMWSSS_DECODER', 'simplejpeg')
    with pytest.raises(ImportError, match='variable MMWSSS_DECODER is .*not installed'):
        LoadImage()


def test_fastest_falls_back_and_pillow_is_the_default(missing, monkeypatch):
    assert choose_decoder() == choose_decoder('fastest') == 'pillow'
    monkeypatch.setenv('MMWSSS_DECODER', '')
    assert choose_decoder() == 'pillow'


def test_unknown_decoders_are_named(monkeypatch):
    with pytest.raises(ValueError, match="decoder must be one of .*'fastest'.* found 'turbojpeg'"):
        LoadImage(decoder='turbojpeg')
    monkeypatch.setenv('MMWSSS_DECODER', 'cv2')
    with pytest.raises(ValueError, match="MMWSSS_DECODER must be one of .* found 'cv2'"):
        LoadImage()
    assert LoadImage(decoder='pillow').decoder == 'pillow'  # the variable is for what is left open


def test_installed_decoder_is_taken(simplejpeg, monkeypatch):
    monkeypatch.setenv('MMWSSS_DECODER', 'fastest')
    assert LoadImage().decoder == choose_decoder('simplejpeg') == 'simplejpeg'


@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
@pytest.mark.parametrize('options', [{}, {'subsampling': 0}, {'progressive': True}])
def test_pixels_are_equal(simplejpeg, tmp_path, mode, options):
    path = tmp_path / 'a.jpg'
    Image.fromarray(photo(203, 155)).convert(mode).save(path, quality=85, **options)
    found = read_image(path, decoder='simplejpeg')
    np.testing.assert_array_equal(found, read_image(path))


def test_other_formats_and_turned_photos_are_pillows(simplejpeg, tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(photo()).save(path)
    np.testing.assert_array_equal(read_image(path, decoder='simplejpeg'), photo())
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / 'turned.jpg'
    Image.fromarray(photo()).save(turned, exif=exif)
    for upright, shape in ((True, (32, 24, 3)), (False, (24, 32, 3))):
        found = read_image(turned, upright=upright, decoder='simplejpeg')
        np.testing.assert_array_equal(found, read_image(turned, upright=upright))
        assert found.shape == shape


def test_damaged_photos_fail_alike(simplejpeg, tmp_path):
    path = tmp_path / 'cut.jpg'
    Image.fromarray(photo(200, 200)).save(path)
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(ImageError, match=r'cut\.jpg \(image .b/cut.\) cannot be read.*copy'):
        read_image(path, 'b/cut', decoder='simplejpeg')


def test_real_photos(simplejpeg, shared_root):
    paths = sorted((shared_root / 'data' / 'voc12mini' / 'JPEGImages').glob('*.jpg'))[:20]
    assert paths
    for path in paths:
        np.testing.assert_array_equal(read_image(path, decoder='simplejpeg'), read_image(path))
