"""RandAugment."""

import random

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets.transforms.rand_augment import OPERATIONS, RandAugment
from tests.conftest import photo


@pytest.mark.parametrize('name', OPERATIONS)
@pytest.mark.parametrize('magnitude', [0.0, 4.4, 10.0])
@pytest.mark.parametrize('sign', [1, -1])
def test_every_operation_at_every_magnitude(name, magnitude, sign):
    image = OPERATIONS[name](Image.fromarray(photo()), magnitude, sign)
    assert image.size == (32, 24) and image.mode == 'RGB'


@pytest.mark.parametrize(
    'name', [n for n in OPERATIONS if n.endswith('Rel') or 'Shear' in n or n == 'Rotate']
)
def test_nothing_moves_at_magnitude_0(name):
    image = Image.fromarray(photo())
    assert np.array_equal(OPERATIONS[name](image, 0.0, 1), image)


def test_strength_grows():
    image = Image.fromarray(photo(seed=2))
    for name in ('SolarizeIncreasing', 'ContrastIncreasing', 'SolarizeAdd', 'PosterizeIncreasing'):
        changes = [
            np.abs(np.array(OPERATIONS[name](image, m, 1), float) - image).mean() for m in (2, 5, 9)
        ]
        assert changes == sorted(changes) and changes[2] > changes[0], name


def test_drawn_from_pythons_generator():
    transform, results = RandAugment(), []
    for _ in range(2):
        random.seed(3)
        results.append([transform(dict(img=photo(seed=n)))['img'] for n in range(6)])
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))
    changed = [not np.array_equal(a, photo(seed=n)) for n, a in enumerate(results[0])]
    assert any(changed)


def test_probability_0_leaves_the_photo():
    assert np.array_equal(RandAugment(prob=0.0)(dict(img=photo()))['img'], photo())


def test_maps_are_refused():
    results = dict(img=photo(), aligned=dict(segments=0))
    with pytest.raises(ValueError, match=r"does not move maps, found \['segments'\]"):
        RandAugment()(results)


@pytest.mark.parametrize(
    'options', [dict(magnitude=11), dict(magnitude_std=-1), dict(num_ops=0), dict(prob=2)]
)
def test_refused(options):
    with pytest.raises(ValueError, match=r'magnitude must be 0 to 10|a probability is in \[0, 1\]'):
        RandAugment(**options)
