import numpy as np
import pytest
from PIL import Image

from mmwsss.stores.mask_store import voc_palette
from tools.dataset_converters import colour_masks

LABELMAP = '# label:color_rgb\nbackground:0,0,0::\nCat:250,50,83::\ndog:51,221,255::\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'colours').mkdir()
    pixels = np.zeros((4, 5, 3), np.uint8)
    pixels[1], pixels[2] = (250, 50, 83), (51, 221, 255)
    Image.fromarray(pixels).save(tmp_path / 'colours/a.png')
    (tmp_path / 'labelmap.txt').write_text(LABELMAP)
    return tmp_path


def run(folder, *options):
    return colour_masks.main([str(folder / 'colours'), str(folder / 'masks'), *options])


def mask(folder):
    return np.array(Image.open(folder / 'masks/a.png'))


def test_cvat(folder, capsys):
    assert run(folder, '--labelmap', str(folder / 'labelmap.txt')) == 0
    assert mask(folder)[:, 0].tolist() == [0, 1, 2, 0]
    assert (folder / 'masks/classes.txt').read_text() == 'Cat\ndog\n'
    assert 'classes 1..2 are Cat, dog' in capsys.readouterr().out


def test_a_palette_in_another_order_is_read_by_its_colours(folder):
    indices = np.zeros((4, 5), np.uint8)
    indices[1], indices[2] = 12, 255
    image = Image.fromarray(indices)
    image.putpalette(voc_palette().tobytes())
    image.convert('RGB').convert('P', palette=Image.Palette.ADAPTIVE, colors=4).save(
        folder / 'colours/a.png'
    )
    assert (np.array(Image.open(folder / 'colours/a.png')) != indices).any()
    assert run(folder, '--classes', 'voc') == 0
    np.testing.assert_array_equal(mask(folder), indices)


def test_other_colours_are_listed_and_the_others_converted(folder, capsys):
    Image.new('RGB', (5, 4), (1, 2, 3)).save(folder / 'colours/b.png')
    (folder / 'colours/c.png').write_bytes(b'x')
    assert run(folder, '--labelmap', str(folder / 'labelmap.txt')) == 1
    text = capsys.readouterr()
    assert '1 masks' in text.out
    assert 'b.png: 1 colours are no class: (1, 2, 3)' in text.err and 'c.png: cannot be' in text.err


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('owl', 'is no name:r,g,b'),
        ('owl:1,2', 'is no name:r,g,b'),
        ('owl:1,2,300::', 'is no name:r,g,b'),
        ('owl:250,50,83::', 'occurs twice'),
        ('dog:1,2,3::', 'occurs twice'),
    ],
)
def test_bad_labelmaps(folder, line, message):
    (folder / 'labelmap.txt').write_text(LABELMAP + line)
    with pytest.raises(SystemExit, match=message):
        run(folder, '--labelmap', str(folder / 'labelmap.txt'))


def test_the_source_is_never_overwritten(folder):
    options = ['--labelmap', str(folder / 'labelmap.txt')]
    with pytest.raises(SystemExit, match='give another folder'):
        colour_masks.main([str(folder / 'colours'), str(folder / 'colours'), *options])
