import sys

import numpy as np
import pytest

from mmwsss.ops.dense_crf import CRFNotInstalled
from mmwsss.refiners.crf import CRF
from mmwsss.registry import REFINERS
from mmwsss.structures import Seeds
from tests.conftest import photo


def seeds(classes=(3, 7), background=None, stride=4):
    rng = np.random.RandomState(0)
    shape = (24 // stride, 32 // stride)
    maps = rng.rand(len(classes), *shape)
    own = None if background is None else np.full(shape, background)
    return Seeds(np.array(classes, int), maps, own, (24, 32))


@pytest.mark.parametrize(
    ('options', 'given'),
    [
        (dict(alpha=4), seeds()),
        (dict(background=0.4), seeds()),
        (dict(), seeds(background=0.4)),
    ],
)
def test_sources_of_the_background(options, given):
    refined = CRF(**options)(photo(), given)
    assert refined.scores.shape == (2, 24, 32)
    assert refined.classes.tolist() == [3, 7]
    np.testing.assert_allclose(refined.scores.sum(0) + refined.background, 1, atol=1e-4)
    assert set(np.unique(refined.to_mask())) <= {0, 4, 8}


def test_constant_and_map_are_the_same():
    image = photo()
    constant, own = CRF(background=0.4)(image, seeds()), CRF()(image, seeds(background=0.4))
    np.testing.assert_allclose(constant.scores, own.scores, atol=1e-6)


def test_several_alphas_equal_single_calls():
    image = photo()
    many = CRF(alpha=1).with_alphas(image, seeds(), [2, 24])
    for alpha, refined in zip((2, 24), many, strict=True):
        np.testing.assert_array_equal(refined.scores, CRF(alpha=alpha)(image, seeds()).scores)
    assert many[1].background.sum() < many[0].background.sum()


def test_image_without_classes_is_background():
    refined = CRF(alpha=4)(photo(), seeds(()))
    assert not len(refined.classes)
    assert not refined.to_mask().any()
    np.testing.assert_array_equal(refined.background, 1)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(alpha=4, background=0.3), 'give alpha or background, found 4 and 0.3'),
        (dict(alpha=0), 'alpha must be positive'),
        (dict(background=1.5), r'background must lie in \[0, 1\], found 1.5'),
        (dict(protocol='none'), "protocol must be one of .* found 'none'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        CRF(**options)


def test_no_background_at_all():
    with pytest.raises(ValueError, match='hold no background map, give alpha'):
        CRF()(photo(), seeds())


def test_seeds_of_another_image():
    with pytest.raises(ValueError, match=r'seeds are of an image of \(24, 32\)'):
        CRF(alpha=4)(photo(25, 32), seeds())


@pytest.mark.parametrize('config', ['CRF', 'IRLabels'])
def test_missing_library_names_the_extra(config, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    monkeypatch.setitem(sys.modules, 'pydensecrf.densecrf', None)
    with pytest.raises(CRFNotInstalled, match=r'mmwsss\[crf\]'):
        REFINERS.build(dict(type=config, backend='pydensecrf'))


@pytest.mark.parametrize('config', ['CRF', 'IRLabels'])
def test_unknown_backend(config):
    with pytest.raises(ValueError, match="backend must be 'lattice' or 'pydensecrf', found 'c'"):
        REFINERS.build(dict(type=config, backend='c'))


def test_on_the_models_device():
    assert CRF(alpha=4).runs_in == 'worker'
    refiner = CRF(alpha=4, on_device=True)
    assert refiner.runs_in == 'device'
    got, expected = refiner.to('cpu')(photo(), seeds()), CRF(alpha=4)(photo(), seeds())
    np.testing.assert_array_equal(got.scores, expected.scores)
    with pytest.raises(ValueError, match="on_device is for backend='lattice'"):
        CRF(alpha=4, on_device=True, backend='pydensecrf')


def test_protocol_says_everything():
    record = CRF(alpha=4, protocol='deeplab', channel_order='bgr', tuned_on_masks=True).protocol()
    assert record['type'] == 'CRF'
    assert record['bilateral_sxy'] == 67
    assert record['channel_order'] == 'bgr'
    assert record['backend'] == 'lattice'
    assert record['threshold_tuned_on_masks'] is True


def test_wrapped_kernels():
    """The kernels of CLIP-ES do not see the photo; the record says so."""
    image = photo()
    plain, wrapped = CRF(alpha=1), CRF(alpha=1, kernel_image='wrapped')
    assert plain.protocol()['kernel_image'] == 'photo'
    assert wrapped.protocol()['kernel_image'] == 'wrapped'
    assert not np.allclose(plain(image, seeds()).scores, wrapped(image, seeds()).scores)
    with pytest.raises(ValueError, match="must be 'photo' or 'wrapped'"):
        CRF(alpha=1, kernel_image='bgr')
