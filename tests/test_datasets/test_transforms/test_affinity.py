import random

import numpy as np
import pytest

from mmwsss.datasets.transforms.affinity import (
    CRFPairLabels,
    MaskPairLabels,
    RandomScale,
    TopLeftCropPad,
    block_labels,
)
from mmwsss.datasets.transforms.entries import LoadCRFScores, LoadPseudoMask
from mmwsss.datasets.transforms.geometry import RandomCropPad, RandomFlip
from mmwsss.stores import StoreMeta, create_store
from mmwsss.structures import Seeds

CLASSES = ('a', 'b', 'c')


def sample(size=(16, 24)):
    return dict(
        img=np.arange(np.prod(size) * 3).reshape(*size, 3).astype(np.uint8),
        img_id='x',
        img_path='x.jpg',
        gt_label=np.float32([1, 0, 1]),
        ori_shape=size,
        img_shape=size,
    )


def score_store(folder, background=0.2, classes=(0, 2), size=(16, 24)):
    store = create_store(folder, StoreMeta('scores', CLASSES, 'list', stride=1))
    maps = np.full((len(classes), *size), 0.5)
    own = None if background is None else np.full(size, background)
    store.write('x', Seeds(np.array(classes), maps, own))
    return folder


def test_mask_travels_with_the_image(mask_store):
    results = LoadPseudoMask(mask_store.folder)(sample())
    np.testing.assert_array_equal(results['pseudo_mask'], mask_store['x'])
    results = RandomCropPad((20, 24))(RandomFlip(1.0)(results))
    top, _, bottom, _ = results['valid_box']
    np.testing.assert_array_equal(results['pseudo_mask'][top:bottom], mask_store['x'][:, ::-1])
    assert (results['pseudo_mask'][bottom:] == 255).all()
    results = MaskPairLabels(4)(results)
    assert results['pair_label'].shape == (5, 6)
    assert 'pseudo_mask' not in results['aligned']
    assert 'pseudo_mask' not in results


def test_crf_scores(tmp_path):
    transform = LoadCRFScores(
        score_store(tmp_path / 'low', 0.75), score_store(tmp_path / 'high', 0.25)
    )
    results = transform(sample())
    assert results['low_alpha'].shape == results['high_alpha'].shape == (16, 24, 3)
    assert np.unique(results['high_alpha'][..., 0]) == 0.25
    results = RandomFlip(1.0)(RandomCropPad((24, 24), fill=0)(results))
    assert (results['low_alpha'].max(-1) == 0).sum() == 8 * 24
    results = CRFPairLabels(8)(results)
    # Low alpha: background. High alpha: a class. So nothing is sure.
    assert results['pair_label'].shape == (3, 3)
    assert (results['pair_label'] == 255).all()
    assert not results['aligned']


def test_block_labels():
    low, high = np.zeros((2, 2, 10, 3), np.float32)
    # Blocks of 2: sure class 2, sure background, class by the low alpha but background by the high,
    # neither, padding.
    low[:, 0:2, 2] = low[:, 2:4, 0] = low[:, 4:6, 1] = low[:, 6:8, 0] = 1
    high[:, 0:2, 2] = high[:, 2:4, 0] = high[:, 4:6, 0] = high[:, 6:8, 1] = 1
    assert block_labels(low, high, 2).tolist() == [[2, 0, 0, 255, 255]]
    with pytest.raises(ValueError, match=r'stride 4 does not divide the crop \(2, 10\)'):
        block_labels(low, high, 4)


@pytest.mark.parametrize(
    ('transform', 'loader'), [(MaskPairLabels(), 'LoadPseudoMask'), (CRFPairLabels(), 'LoadCRF')]
)
def test_labels_of_nothing(transform, loader):
    with pytest.raises(ValueError, match=f'no .* to make labels of: put .*{loader}'):
        transform(sample())


def test_random_scale():
    random.seed(0)
    factor = 0.5 + random.random()
    random.seed(0)
    results = RandomScale()(sample())
    assert results['img_shape'] == (round(16 * factor), round(24 * factor))
    with pytest.raises(ValueError, match='0 < low <= high'):
        RandomScale(2, 1)


def test_top_left(mask_store):
    results = TopLeftCropPad((20, 10))(LoadPseudoMask(mask_store.folder)(sample()))
    np.testing.assert_array_equal(results['img'][:16], sample()['img'][:, :10])
    assert (results['pseudo_mask'][16:] == 255).all()
    assert results['valid_box'] == (0, 0, 16, 10)
    assert 'TopLeftCropPad(size=(20, 10))' in repr(TopLeftCropPad((20, 10)))
