import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets.errors import DataError
from mmwsss.stores import StoreError, StoreMeta, create_store
from mmwsss.structures import Seeds
from mmwsss.visualization.browse import browse_stores
from mmwsss.visualization.maps import rounded
from tests.conftest import photo
from tests.test_visualization.chromium import ask

CLASSES = ('cat & <dog>', 'bus', 'cow')
IDS = ('a/0', 'a/1', 'b c')


@pytest.fixture
def made(tmp_path):
    """Photos in folders, two score stores, a mask store, and ground truth of two photos."""
    rng = np.random.default_rng(0)
    first = create_store(tmp_path / 'cam' / 'scores', StoreMeta('scores', CLASSES, 'x', stride=4))
    second = create_store(tmp_path / 'par' / 'scores', StoreMeta('scores', CLASSES, 'y'))
    masks = create_store(tmp_path / 'masks', StoreMeta('masks', CLASSES, 'x'))
    for number, id in enumerate(IDS):
        for folder in ('photos', 'truth'):
            (tmp_path / folder / id).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(24, 36, number)).save(tmp_path / 'photos' / f'{id}.jpg')
        scores = rng.random((2, 6, 9)).astype(np.float32)
        first.write(id, Seeds(np.array([0, 2]), scores, size=(24, 36)))
        second.write(id, Seeds(np.array([0, 2]), scores[::-1], size=(24, 36)).resize())
        mask = (rng.random((24, 36)) > 0.5).astype(np.uint8)
        masks.write(id, mask)
        if number:
            Image.fromarray(mask).save(tmp_path / 'truth' / f'{id}.png')
    Image.fromarray(photo(24, 36, 9)).save(tmp_path / 'photos' / 'unseen.png')
    return tmp_path, first, second, masks


@pytest.mark.parametrize('width', [1400, 390])
def test_two_stores_side_by_side_with_a_slider_each(made, width):
    folder, first, second, _ = made
    path = browse_stores(
        folder / 'out.html',
        [first.folder, second.folder],
        folder / 'photos',
        masks=folder / 'truth',
        background=0.25,
    )
    found = ask(
        path,
        """
        const [one, two] = document.querySelectorAll('.slider');
        const start = [one.value, two.value];
        two.value = .6;
        two.dispatchEvent(new Event('input'));
        return {start, photos: cards.map(c => ({id: c.id, tags: c.tags, iou: c.signs[1].iou,
          size: [c.height, c.width], masks: [[...c.mask(0)], [...c.mask(1)]]})),
          captions: [...cards[0].element.querySelectorAll('figcaption span:first-child')]
            .map(e => e.textContent)};
        """,
        width=width,
        picture=folder / f'{width}.png',
    )
    assert found['start'] == ['0.25', '0.25']
    assert found['captions'] == [
        *('photo', 'scores of cam/scores', 'cam/scores', 'scores of par/scores', 'par/scores'),
        'ground truth',
    ]
    assert {one['id'] for one in found['photos']} == set(IDS), 'photos of both stores'
    for one in found['photos']:
        assert one['tags'] == [CLASSES[0], CLASSES[2]], 'the classes that the seeds hold'
        assert (one['iou'] is None) == (one['id'] == IDS[0])
        for store, threshold, mask in zip((first, second), (0.25, 0.6), one['masks'], strict=True):
            expected = rounded(store[one['id']], tuple(one['size'])).to_mask(threshold)
            assert mask == expected.ravel().tolist()


def test_masks_alone_have_no_slider_and_no_ground_truth(made):
    folder, _, _, masks = made
    path = browse_stores(folder / 'out.html', [masks.folder], folder / 'photos')
    text = path.read_text()
    assert 'type="range"' not in text and '>IoU<' not in text and 'no tags' not in text
    assert 'cat &amp; &lt;dog&gt;' in text and '<dog>' not in text
    assert f'mmwsss export label-studio {masks.folder} to_correct --ids to_correct.txt' in text
    assert 'There is no ground truth' in text


def test_phone_photo_is_turned_if_only_then_it_has_the_size_of_its_mask(made):
    folder, _, _, masks = made
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    for id, shape in {'stored': (24, 36), 'upright': (36, 24)}.items():
        Image.fromarray(photo(24, 36, 1)).save(folder / 'photos' / f'{id}.jpg', exif=exif)
        masks.write(id, np.ones(shape, np.uint8))
    path = browse_stores(folder / 'out.html', [masks.folder], folder / 'photos')
    found = ask(path, 'return cards.map(card => [card.id, card.height, card.width])')
    pictures = {id: (height, width) for id, height, width in found}
    assert pictures['stored'] == (48, 72) and pictures['upright'] == (72, 48)


def test_a_broken_entry_costs_its_place_only(made):
    folder, first, _, _ = made
    first.path(IDS[1]).write_bytes(b'PK nothing')
    path = browse_stores(
        folder / 'out.html', [first.folder], folder / 'photos', masks=folder / 'truth'
    )
    text = path.read_text()
    assert '3 of 3 images' in text and 'is broken' in text


def test_wrong_input(made):
    folder, first, _, masks = made
    out, photos = folder / 'out.html', folder / 'photos'
    with pytest.raises(ValueError, match='one or two stores are shown, found 3'):
        browse_stores(out, [first.folder] * 3, photos)
    with pytest.raises(StoreError, match='given twice'):
        browse_stores(out, [first.folder] * 2, photos)
    with pytest.raises(StoreError, match='the folder does not exist'):
        browse_stores(out, [folder / 'none'], photos)
    with pytest.raises(DataError, match='no such folder'):
        browse_stores(out, [first.folder], folder / 'none')
    boxes = create_store(folder / 'boxes', StoreMeta('prompts', CLASSES, 'x'))
    with pytest.raises(StoreError, match='a store of prompts; scores or masks can be shown'):
        browse_stores(out, [boxes.folder], photos)
    other = create_store(folder / 'other', StoreMeta('masks', ('x',), 'x'))
    with pytest.raises(StoreError, match='here the classes are'):
        browse_stores(out, [first.folder, other.folder], photos)
    with pytest.raises(StoreError, match=r"none of its \d photos .* has '0', there it is 'a/0'"):
        browse_stores(out, [first.folder], photos / 'a')
    with pytest.raises(StoreError, match='none of its 1 PNGs belongs to one of the 3 photos'):
        browse_stores(out, [first.folder], photos, masks=folder / 'truth' / 'a')
    with pytest.raises(ValueError, match=r'background must lie in 0..1, found 30'):
        browse_stores(out, [first.folder], photos, background=30)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(folder / 'truth' / f'{IDS[1]}.png')
    with pytest.raises(DataError, match="image 'a/1' is 5x5 .* store holds of it 24x36"):
        browse_stores(out, [masks.folder], photos, masks=folder / 'truth')
