import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import ImageError
from mmwsss.datasets.transforms import LoadImage, LoadMask, LoadProposals, LoadSeeds
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store
from mmwsss.structures import Proposals, Seeds
from tests.conftest import photo


@pytest.fixture
def results(tmp_path):
    Image.fromarray(photo()).save(tmp_path / 'a.png')
    Image.fromarray(np.full((24, 32), 2, np.uint8)).save(tmp_path / 'mask.png')
    return {
        'img_id': 'a',
        'img_path': str(tmp_path / 'a.png'),
        'seg_map_path': str(tmp_path / 'mask.png'),
        'gt_label': np.float32([0, 1]),
        'seg_fields': [],
    }


def test_image_and_mask(results):
    results = LoadMask()(LoadImage()(results))
    np.testing.assert_array_equal(results['img'], photo())
    assert results['ori_shape'] == results['img_shape'] == (24, 32)
    assert (results['gt_seg_map'] == 2).all() and results['aligned'] == {'gt_seg_map': 255}
    assert results['seg_fields'] == ['gt_seg_map']


def test_no_mask(results):
    del results['seg_map_path']
    with pytest.raises(ImageError, match=r"image 'a' has no mask.*LoadMask\(required=False\)"):
        LoadMask()(LoadImage()(dict(results)))
    assert 'gt_seg_map' not in LoadMask(required=False)(LoadImage()(dict(results)))


def test_masks_of_other_classes_or_sizes(results, tmp_path):
    results['gt_label'] = np.float32([1])
    with pytest.raises(ImageError, match=r'values \[2\] are no class; 0\.\.1 and 255'):
        LoadMask()(LoadImage()(dict(results)))
    results['gt_label'] = np.float32([0, 1])
    Image.fromarray(photo(32, 24)).save(tmp_path / 'a.png')
    with pytest.raises(ImageError, match='the mask is 24x32'):
        LoadMask()(LoadImage()(results))


def score_store(path, size=(24, 32), classes=('cat', 'dog')):
    store = create_store(path, StoreMeta('scores', classes, 'list'))
    store.write('a', Seeds(np.array([1]), np.full((1, *size), 0.5)))
    return store


def test_seeds(results, tmp_path):
    score_store(tmp_path / 'store')
    seeds = LoadSeeds(tmp_path / 'store')(LoadImage()(results))['seeds']
    assert seeds.classes.tolist() == [1] and seeds.size == (24, 32)


def test_seeds_of_another_size_class_list_or_image(results, tmp_path):
    score_store(tmp_path / 'turned', (32, 24))
    with pytest.raises(ImageError, match=r'photo of 32x24 pixels, but .*a\.png has 24x32'):
        LoadSeeds(tmp_path / 'turned')(LoadImage()(dict(results)))
    score_store(tmp_path / 'one', classes=('cat', 'dog', 'cow'))
    with pytest.raises(StoreMismatch, match='made for 3 classes, but the data set has 2'):
        LoadSeeds(tmp_path / 'one')(LoadImage()(dict(results)))
    score_store(tmp_path / 'store')
    with pytest.raises(StoreError, match="no scores for image 'b'"):
        LoadSeeds(tmp_path / 'store')({**results, 'img_id': 'b'})


def test_seeds_without_a_map_of_a_tag(results, tmp_path):
    meta = StoreMeta('scores', ('cat', 'dog'), 'x', protocol={'seeds_of': 'image-level labels'})
    store = create_store(tmp_path / 'store', meta)
    store.write('a', Seeds(np.array([0]), np.full((1, 24, 32), 0.5)))
    with pytest.raises(ImageError, match=r'a is tagged dog, of which the store has no map .*\[0\]'):
        LoadSeeds(tmp_path / 'store')(LoadImage()(dict(results)))
    results['gt_label'] = np.float32([1, 0])
    assert LoadSeeds(tmp_path / 'store')(LoadImage()(results))['seeds'].classes.tolist() == [0]


def test_proposals(results, tmp_path):
    store = create_store(tmp_path / 'store', StoreMeta('proposals', (), 'list'))
    masks = np.ones((1, 24, 32), bool)
    one = np.ones(1, np.float32)
    value = Proposals.from_masks(masks, iou=one, stability=one, level=np.zeros(1, np.uint8))
    store.write('a', value)
    found = LoadProposals(tmp_path / 'store')(LoadImage()(results))['proposals']
    assert found.masks().all() and len(found) == 1
    with pytest.raises(StoreError):
        LoadSeeds(tmp_path / 'store')
