import numpy as np
import pytest

from mmwsss.datasets import ImageError
from mmwsss.datasets.transforms import (
    LoadCRFScores,
    LoadImage,
    LoadPrompts,
    LoadProposals,
    LoadPseudoMask,
    LoadSeeds,
    PackTagged,
)
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store
from mmwsss.structures import Proposals, Seeds
from tests.test_datasets.test_transforms.test_affinity import sample
from tests.test_datasets.test_transforms.test_affinity import score_store as crf_store
from tests.test_datasets.test_transforms.test_prompted import PROMPTS
from tests.test_datasets.test_transforms.test_prompted import results as prompted


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


def test_proposals_of_a_photo_that_is_shrunk(results, tmp_path):
    meta = StoreMeta('proposals', (), 'list', protocol={'max_pixels': 12 * 16})
    store = create_store(tmp_path / 'store', meta)
    one = np.ones(1, np.float32)
    for size in ((12, 16), (24, 32)):
        value = Proposals.from_masks(
            np.ones((1, *size), bool), iou=one, stability=one, level=np.zeros(1, np.uint8)
        )
        store.write('a', value)
        limited = LoadImage()({**results, 'max_pixels': 12 * 16})
        assert LoadProposals(tmp_path / 'store')(limited)['proposals'].size == size
    store.write('a', Proposals.from_masks(
        np.ones((1, 12, 16), bool), iou=one, stability=one, level=np.zeros(1, np.uint8)
    ))  # fmt: skip
    with pytest.raises(ImageError, match='made with max_pixels=192 .* this one has None'):
        LoadProposals(tmp_path / 'store')(LoadImage()(dict(results)))


def test_mask_of_another_photo(mask_store):
    with pytest.raises(ImageError, match=r'a photo of 16x24 pixels, but x.jpg has 17x24'):
        LoadPseudoMask(mask_store.folder)(sample((17, 24)))


def test_mask_of_other_classes(mask_store):
    results = {**sample(), 'gt_label': np.zeros(20, np.float32)}
    with pytest.raises(StoreMismatch, match='made for 3 classes, but the data set has 20'):
        LoadPseudoMask(mask_store.folder)(results)


def test_mask_that_is_missing(mask_store):
    with pytest.raises(StoreError, match="no masks for image 'y'"):
        LoadPseudoMask(mask_store.folder)({**sample(), 'img_id': 'y'})


def test_crf_scores_without_background(tmp_path):
    transform = LoadCRFScores(crf_store(tmp_path / 'a', None), crf_store(tmp_path / 'b'))
    with pytest.raises(ImageError, match="no background map.*dict\\(type='CRF'"):
        transform(sample())


def test_crf_scores_of_different_classes(tmp_path):
    low, high = crf_store(tmp_path / 'a', classes=(0,)), crf_store(tmp_path / 'b')
    with pytest.raises(ImageError, match=r'has the classes \[0\], .* \[0, 2\]. Make both from one'):
        LoadCRFScores(low, high)(sample())


def test_crf_scores_of_another_photo(tmp_path):
    transform = LoadCRFScores(crf_store(tmp_path / 'a'), crf_store(tmp_path / 'b'))
    with pytest.raises(ImageError, match='16x24 pixels, but x.jpg has 16x25'):
        transform(sample((16, 25)))


def test_prompts(tmp_path):
    store = create_store(tmp_path / 's', StoreMeta('prompts', ('x', 'y'), 'hash'))
    store.write('a', PROMPTS)
    loaded = LoadPrompts(store=tmp_path / 's')(prompted())
    np.testing.assert_array_equal(loaded['prompts'].boxes, PROMPTS.boxes)
    sample = PackTagged()(loaded)['data_samples']
    assert len(sample.prompts) == 1
    with pytest.raises(StoreError, match="no prompts for image 'b'"):
        LoadPrompts(store=tmp_path / 's')({**prompted(), 'img_id': 'b'})
    with pytest.raises(StoreMismatch, match='made for 2 classes, but the data set has 3'):
        LoadPrompts(store=tmp_path / 's')({**prompted(), 'gt_label': np.zeros(3)})
    with pytest.raises(ImageError, match='made for a photo of 24x32 pixels'):
        LoadPrompts(store=tmp_path / 's')({**prompted(), 'ori_shape': (25, 32)})


def test_who_reads_says_which_store(tmp_path):
    low, high = crf_store(tmp_path / 'low'), crf_store(tmp_path / 'high')
    assert [s.folder for s in LoadCRFScores(low, high).stores()] == [low, high]
    (store,) = LoadSeeds(low).stores()
    assert (store.folder, store.meta.kind) == (low, 'scores')
