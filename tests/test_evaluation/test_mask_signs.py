"""Signs of masks without ground truth."""

import numpy as np
import pytest

from mmwsss.evaluation.mask_signs import MaskSigns, mask_signs
from mmwsss.structures import Seeds


class Store(dict):
    """What is read of a store."""

    class meta:
        classes = ('cat', 'dog')


def square(size=20, at=None, value=1):
    mask = np.zeros((size, size), np.uint8)
    at = slice(5, 15) if at is None else at
    mask[at, at] = value
    return mask


def signs_of(mask, scores, tags=(0,)):
    seeds = Store(a=Seeds(np.array(tags), np.asarray(scores, np.float32)))
    return mask_signs(seeds, Store(a=mask), {'a': np.array(tags)})


def test_a_square_in_the_middle():
    mask = square()
    (sign,) = signs_of(mask, 0.5 * mask[None]).values()
    assert (sign.photos, sign.unpainted) == (1, 0)
    assert sign.painted == pytest.approx(25)
    assert (sign.border, sign.seed) == (0, 100)
    assert 50 < sign.ellipse < 75
    assert sign.remarks() == []


def test_all_of_the_photo():
    sign = signs_of(square(at=slice(None)), np.ones((1, 20, 20)))['cat']
    assert (sign.painted, sign.border, sign.seed) == (100, 100, 100)
    assert sign.ellipse == pytest.approx(40, abs=2)
    assert sign.remarks() == ['paints the setting too']


def test_a_mask_elsewhere_than_its_seed():
    scores = square(at=slice(0, 5))[None]
    assert signs_of(square(at=slice(10, 15)), scores)['cat'].remarks() == ['refining moved it']


def test_nothing_painted_and_the_other_tag():
    scores = np.stack([square(), square()])
    signs = signs_of(square(value=2), scores, tags=(0, 1))
    assert list(signs) == ['cat', 'dog']
    assert (signs['cat'].unpainted, signs['cat'].painted) == (1, 0)
    assert '1 of 1 photos are not painted' in signs['cat'].remarks()
    assert signs['dog'].painted == pytest.approx(25)


def test_large_photos_give_the_same():
    small = signs_of(square(300, slice(60, 200)), square(300, slice(60, 200))[None])['cat']
    large = signs_of(square(1200, slice(240, 800)), square(300, slice(60, 200))[None])
    for name in ('painted', 'border', 'seed', 'ellipse'):
        assert getattr(large['cat'], name) == pytest.approx(getattr(small, name), abs=1)


def test_photos_without_tags_do_not_count():
    assert mask_signs(Store(), Store(), {'a': np.array([], int)}) == {}


def test_an_ellipse_is_noticed():
    assert MaskSigns(9, 1, 40, 0, 90, 90).remarks() == ['little more than an ellipse']
