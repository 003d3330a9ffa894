"""Pictures of all kinds of store, told by their pixels."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.mask_store import voc_palette
from mmwsss.structures import BoxPrompts, Proposals, Seeds
from mmwsss.visualization.overlay import heat
from mmwsss.visualization.painting import paint_store
from tests.conftest import photo

SIZE = (12, 16)
CLASSES = ('cat', 'dog/wolf')


@pytest.fixture
def photos(tmp_path):
    path = tmp_path / 'photos/a.png'
    path.parent.mkdir()
    Image.fromarray(photo(*SIZE)).save(path)
    return {'a': path}


def make(tmp_path, kind, value):
    options = {'stride': 1, 'dtype': 'float32'} if kind == 'scores' else {}
    store = create_store(tmp_path / kind, StoreMeta(kind, CLASSES, '', **options))
    store.write('a', value)
    store.close()
    return store


def pictures(folder):
    found = {}
    for path in folder.rglob('*.png'):
        with Image.open(path) as image:
            found[path.relative_to(folder).as_posix()] = np.array(image)
    return found


def seeds():
    scores = np.zeros((2, *SIZE), np.float32)
    scores[0, :6], scores[1, 6:] = 0.2, 0.9
    return Seeds(np.array([0, 1]), scores)


def test_scores_without_photos(tmp_path):
    store = make(tmp_path, 'scores', seeds())
    assert paint_store(store, tmp_path / 'out', each_class=True) == ['a']
    found = pictures(tmp_path / 'out')
    assert sorted(found) == ['cam/a.png', 'cam_cat/a.png', 'cam_dog_wolf/a.png', 'mask/a.png']
    levels = heat(np.array([[0.2, 0.9, 0]]))[0]
    np.testing.assert_array_equal(found['cam/a.png'][[0, 11], 0], levels[:2])
    np.testing.assert_array_equal(found['cam_cat/a.png'][[0, 11], 0], levels[[0, 2]])
    # 0.2 is below the background's 0.3; the second class has the value 2.
    np.testing.assert_array_equal(found['mask/a.png'][[0, 11], 0], voc_palette()[[0, 2]])


def test_the_background_is_an_option_or_the_entrys_own(tmp_path):
    store = make(tmp_path, 'scores', seeds())
    paint_store(store, tmp_path / 'low', background=0.1)
    assert pictures(tmp_path / 'low')['mask/a.png'][0, 0].tolist() == voc_palette()[1].tolist()
    own = Seeds(np.array([0, 1]), seeds().scores, background=np.ones(SIZE))
    store.write('a', own)
    store.close()
    paint_store(store, tmp_path / 'own', background=0.1)
    assert not pictures(tmp_path / 'own')['mask/a.png'].any()


def test_masks_in_the_colours_of_the_data(tmp_path, photos):
    mask = np.zeros(SIZE, np.uint8)
    mask[:4], mask[8:] = 2, 255
    store = make(tmp_path, 'masks', mask)
    palette = np.array([[0, 0, 0], [1, 2, 3], [7, 8, 9]], np.uint8)
    paint_store(store, tmp_path / 'out', photos=photos, palette=palette)
    found = pictures(tmp_path / 'out')
    assert sorted(found) == ['mask/a.png', 'overlay/a.png']
    assert found['mask/a.png'][[0, 5, 11], 0].tolist() == [[7, 8, 9], [0, 0, 0], [255] * 3]
    assert found['overlay/a.png'].shape == (*SIZE, 3)


def test_proposals_have_a_picture_a_level(tmp_path, photos):
    masks = np.zeros((3, *SIZE), bool)
    masks[0, :8, :8], masks[1, :8], masks[2, 10:] = True, True, True
    ones = np.ones(3)
    value = Proposals.from_masks(masks, iou=ones, stability=ones, level=np.array([0, 0, 2]))
    store = make(tmp_path, 'proposals', value)
    paint_store(store, tmp_path / 'out', photos=photos)
    found = pictures(tmp_path / 'out')
    assert sorted(found) == ['level0/a.png', 'level2/a.png']
    plain = photo(*SIZE)
    fine, coarse = found['level0/a.png'], found['level2/a.png']
    np.testing.assert_array_equal(fine[9:], plain[9:])  # nothing of this level there
    np.testing.assert_array_equal(coarse[:9], plain[:9])
    assert (fine[7, 7] == 255).all()  # the better one lies on top: its outline shows
    assert (fine[:7, :7] != plain[:7, :7]).any(-1).mean() > 0.9


def test_images_without_proposals_are_there(tmp_path):
    none = Proposals.from_masks(
        np.zeros((0, *SIZE), bool), iou=np.ones(0), stability=np.ones(0), level=np.zeros(0)
    )
    paint_store(make(tmp_path, 'proposals', none), tmp_path / 'out')
    assert not pictures(tmp_path / 'out')['level0/a.png'].any()


def test_boxes_beyond_the_edge(tmp_path, photos):
    value = BoxPrompts([[-0.2, 0, 0.5, 2], [0.5, 0.5, 0.5, 0.5]], [0.5, 1], [1, -1], SIZE)
    paint_store(make(tmp_path, 'prompts', value), tmp_path / 'out', photos=photos)
    picture = pictures(tmp_path / 'out')['boxes/a.png']
    assert picture[11, 0].tolist() == voc_palette()[2].tolist()


def test_another_photo_is_told(tmp_path, photos):
    store = make(tmp_path, 'masks', np.zeros((5, 6), np.uint8))
    with pytest.raises(ValueError, match=r'a: the entry is 5 x 6 .*, the photo 12 x 16'):
        paint_store(store, tmp_path / 'out', photos=photos)
