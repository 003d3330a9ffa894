"""Images of unknown origin: size and format before pixels."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.datasets.listing import read_lines
from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.images import open_image


def png(path, width, height, colour=3, depth=8):
    """A PNG that declares a size and holds next to nothing."""

    def chunk(name, data):
        body = name + data
        return struct.pack('>I', len(data)) + body + struct.pack('>I', zlib.crc32(body))

    header = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    palette = chunk(b'PLTE', bytes(768)) if colour == 3 else b''
    data = chunk(b'IDAT', zlib.compress(bytes(1 << 20)))
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + palette + data + chunk(b'IEND', b'')
    )
    return path


@pytest.mark.parametrize('size', [(10_000, 10_000), (1 << 30, 1), (13_000, 13_000)])
def test_a_header_that_declares_too_much(tmp_path, size):
    path = png(tmp_path / 'a.png', *size)
    with pytest.raises(ValueError, match=r'pixels'), open_image(path):
        pass
    with pytest.raises(ImageError, match=r'a\.png.*pixels'):
        read_image(path)
    with pytest.raises(ImageError, match=r'a\.png.*pixels'):
        read_mask(path, 2)
    store = create_store(tmp_path / 's', StoreMeta('masks', ('a',), ''))
    png(store.path('x'), *size)
    ((id, reason),) = store.verify()
    assert (id, 'pixels' in reason) == ('x', True)


def test_a_colour_image_is_refused_as_a_mask_before_it_is_decoded(tmp_path, monkeypatch):
    path = png(tmp_path / 'a.png', 8000, 8000, colour=6)
    monkeypatch.setattr(Image.Image, 'load', lambda self: pytest.fail('decoded'))
    monkeypatch.setattr('PIL.ImageFile.ImageFile.load', lambda self: pytest.fail('decoded'))
    with pytest.raises(ImageError, match='mode RGBA'):
        read_mask(path, 2)


def test_formats_that_start_other_programs_are_not_tried(tmp_path):
    text = b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n'
    (tmp_path / 'a.jpg').write_bytes(text)
    with pytest.raises(UnidentifiedImageError), open_image(tmp_path / 'a.jpg'):
        pass
    with pytest.raises(ImageError, match='no image'):
        read_image(tmp_path / 'a.jpg')


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.bmp', '.webp', '.tif', '.gif'])
def test_the_usual_formats_are_read(tmp_path, suffix):
    Image.new('RGB', (4, 3), (9, 9, 9)).save(tmp_path / f'a{suffix}')
    assert read_image(tmp_path / f'a{suffix}').shape == (3, 4, 3)


def test_a_packed_list_that_unfolds(tmp_path):
    import gzip

    with gzip.open(tmp_path / 'a.txt.gz', 'wb') as file:
        file.write(b'x\n' * (20 << 20))
    assert (tmp_path / 'a.txt.gz').stat().st_size < 1 << 20
    with pytest.raises(DataError, match=r'a\.txt\.gz: unpacks to more than \d+ bytes'):
        read_lines(tmp_path / 'a.txt.gz')
    with gzip.open(tmp_path / 'b.txt.gz', 'wb') as file:
        file.write(b'\xef\xbb\xbf a \r\n\nb\rc')
    assert read_lines(tmp_path / 'b.txt.gz') == ['a', 'b', 'c']
    data = (tmp_path / 'b.txt.gz').read_bytes()
    for broken in (data[:-9], b'\x1f\x8b' + bytes(30), data[:-8] + bytes(8)):
        (tmp_path / 'c.txt.gz').write_bytes(broken)
        with pytest.raises(DataError, match='no readable text file'):
            read_lines(tmp_path / 'c.txt.gz')


def test_masks_are_written_quickly_and_without_loss(tmp_path):
    store = create_store(tmp_path / 's', StoreMeta('masks', tuple('abc'), ''))
    mask = np.random.default_rng(0).integers(0, 4, (50, 70))
    store.write('x', mask)
    np.testing.assert_array_equal(store['x'], mask)
    assert store.is_entry(store.path('x').read_bytes()[:256])
