import numpy as np
import pytest
from PIL import Image

from mmwsss.stores import StoreMeta, create_store
from tests.conftest import photo
from tools.analysis_tools.paint_store import main


@pytest.fixture
def store(tmp_path):
    made = create_store(tmp_path / 'masks', StoreMeta('masks', ('cat',), ''))
    for id in ('000000000007', '000000000009'):
        made.write(id, np.ones((12, 16), np.uint8))
    made.close()
    return str(made.folder)


def test_photos_by_coco_names_and_a_limit(store, tmp_path, capsys):
    (tmp_path / 'photos').mkdir()
    Image.fromarray(photo(12, 16)).save(tmp_path / 'photos/COCO_val2014_000000000007.jpg')
    main([store, str(tmp_path / 'out'), '--images', str(tmp_path / 'photos'), '--limit', '1'])
    assert '1 images: mask, overlay' in capsys.readouterr().out
    assert (tmp_path / 'out/overlay/000000000007.png').is_file()
    with pytest.raises(SystemExit, match='no photo of 1 images: 000000000009'):
        main([store, str(tmp_path / 'out'), '--images', str(tmp_path / 'photos')])


def test_a_list(store, tmp_path, capsys):
    (tmp_path / 'list.txt').write_text('000000000009\n')
    main([store, str(tmp_path / 'out'), '--list', str(tmp_path / 'list.txt')])
    assert [p.stem for p in (tmp_path / 'out/mask').iterdir()] == ['000000000009']


@pytest.mark.parametrize('protocol', [{}, {'upright': True}])
@pytest.mark.parametrize('size', [(12, 16), (14, 14)])
def test_photos_of_a_phone_are_turned_upright(tmp_path, protocol, size):
    made = create_store(tmp_path / 'masks', StoreMeta('masks', ('cat',), '', protocol=protocol))
    made.write('a', np.zeros(size, np.uint8))
    made.close()
    image = Image.fromarray(np.zeros((*size[::-1], 3), np.uint8))  # as stored: lying on its side
    image.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    (tmp_path / 'photos').mkdir()
    image.save(tmp_path / 'photos/a.png', exif=exif)
    main([str(made.folder), str(tmp_path / 'out'), '--images', str(tmp_path / 'photos')])
    overlay = np.asarray(Image.open(tmp_path / 'out/overlay/a.png'))
    assert overlay.shape == (*size, 3)
    brightest = np.unravel_index(overlay.sum(-1).argmax(), size)
    # Where nothing is recorded of a square photo, nobody can tell: pixels as they are stored.
    turned = protocol or size[0] != size[1]
    assert brightest == ((0, size[1] - 1) if turned else (0, 0))


def test_no_store(tmp_path):
    with pytest.raises(SystemExit, match='error: .*nothing'):
        main([str(tmp_path / 'nothing'), str(tmp_path / 'out')])
