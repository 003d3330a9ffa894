import sys
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.dense_crf import (
    PROTOCOLS,
    Backend,
    CRFNotInstalled,
    CRFProtocol,
    DenseCRF,
    crf_library,
    crf_protocol,
    label_unary,
    softmax_unary,
    wrapped_image,
)
from tests.conftest import photo


@pytest.fixture(params=['lattice', 'pydensecrf'])
def backend(request):
    if request.param == 'pydensecrf':
        pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
    return request.param


def scores(number, size=(24, 32), seed=0):
    return np.random.RandomState(seed).rand(number, *size).astype(np.float32)


def test_unary_of_scores():
    energies = softmax_unary(np.float32([0, 1e-6, 0.5, 1]))
    np.testing.assert_allclose(energies, [11.5129, 11.5129, 0.693147, 0], rtol=1e-5, atol=1e-7)


def test_unary_of_labels():
    energies = label_unary(np.array([[0, 2]]), 3, 0.7)
    np.testing.assert_allclose(energies[:, 0, 0], [0.3567, 1.8971, 1.8971], atol=1e-4)
    np.testing.assert_allclose(energies[:, 0, 1], [1.8971, 1.8971, 0.3567], atol=1e-4)


@pytest.mark.parametrize(('number', 'confidence'), [(1, 0.7), (3, 1.0), (3, 0.0)])
def test_unary_of_labels_refuses(number, confidence):
    with pytest.raises(ValueError, match=f'found {number} and {confidence}'):
        label_unary(np.zeros((2, 2), int), number, confidence)


def test_nan_scores():
    with pytest.raises(ValueError, match='must be finite, found NaN'):
        softmax_unary(np.array([0.5, np.nan]))


def test_kernels_are_shared_by_calls(backend):
    image = photo()
    crf = DenseCRF(image, 3, backend=backend)
    for seed in range(2):
        unary = softmax_unary(scores(3, seed=seed))
        np.testing.assert_array_equal(crf(unary), DenseCRF(image, 3, backend=backend)(unary))


def test_absent_classes_may_be_left_out(backend):
    image, present = photo(), scores(3)
    absent = np.concatenate([present, np.zeros((5, 24, 32), np.float32)])
    few = DenseCRF(image, 3, backend=backend)(softmax_unary(present))
    many = DenseCRF(image, 8, backend=backend)(softmax_unary(absent))
    np.testing.assert_allclose(few, many[:3], atol=5e-3)
    assert (few.argmax(0) == many.argmax(0)).mean() > 0.999


def test_no_iterations_are_the_softmax(backend):
    energies = softmax_unary(scores(3))
    crf = DenseCRF(photo(), 3, CRFProtocol(3, 3, 80, 13, 10, iterations=0), backend=backend)
    expected = np.exp(-energies) / np.exp(-energies).sum(0)
    np.testing.assert_allclose(crf(energies), expected, atol=1e-5)


def test_scores_sum_to_one_and_channel_order_matters(backend):
    image, unary = photo(seed=3), softmax_unary(scores(3))
    rgb = DenseCRF(image, 3, backend=backend)(unary)
    np.testing.assert_allclose(rgb.sum(0), 1, atol=1e-4)
    bgr = DenseCRF(image, 3, channel_order='bgr', backend=backend)(unary)
    np.testing.assert_array_equal(bgr, DenseCRF(image[..., ::-1].copy(), 3, backend=backend)(unary))
    assert not np.array_equal(rgb, bgr)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_one_label_is_the_identity(height, width, seed):
    """Its score is 1 everywhere, as its softmax is, without the library."""
    image = np.random.RandomState(seed).randint(0, 256, (height, width, 3), dtype=np.uint8)
    unary = softmax_unary(scores(1, (height, width), seed))
    np.testing.assert_array_equal(DenseCRF(image, 1)(unary), np.ones((1, height, width)))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(image=np.zeros((4, 4), np.uint8)), r'RGB image \(H, W, 3\) of uint8 .* \(4, 4\)'),
        (dict(image=np.zeros((4, 4, 3))), 'found float64'),
        (dict(labels=0), 'at least one label is expected, found 0'),
        (dict(channel_order='gbr'), "'rgb' or 'bgr', found 'gbr'"),
        (dict(protocol='psa2'), r"one of \['deeplab', .*found 'psa2'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DenseCRF(**{'image': photo(), 'labels': 1, **arguments})


def test_unary_of_another_image():
    with pytest.raises(ValueError, match=r'shape \(1, 24, 32\) .* found \(1, 24, 31\)'):
        DenseCRF(photo(), 1)(np.zeros((1, 24, 31)))


def test_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    monkeypatch.setitem(sys.modules, 'pydensecrf.densecrf', None)
    with pytest.raises(
        CRFNotInstalled, match=r"pip install 'mmwsss\[crf\]'.*backend='lattice' needs"
    ):
        crf_library()


def smooth(number, size, seed):
    coarse = torch.from_numpy(scores(number, (size[0] // 8, size[1] // 8), seed))
    return torch.nn.functional.interpolate(coarse[None], size, mode='bilinear')[0].numpy()


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_the_lattice_gives_what_the_compiled_library_gives(protocol):
    pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
    image, unary = photo(90, 120, seed=5), softmax_unary(smooth(4, (90, 120), 1))
    got, expected = (
        DenseCRF(image, 4, protocol, backend=backend)(unary) for backend in get_args(Backend)
    )
    np.testing.assert_allclose(got, expected, atol=2e-3)
    assert (got.argmax(0) == expected.argmax(0)).mean() > 0.999


def test_protocols():
    assert crf_protocol('psa').scaled(12).bilateral_sxy == pytest.approx(80 / 12)
    assert crf_protocol('psa').scaled(12).bilateral_srgb == 13
    assert crf_protocol(dict(PROTOCOLS['irn'].__dict__)) == PROTOCOLS['irn']
    assert crf_protocol('toco') == CRFProtocol(1, 1, 121, 5, 4)
    with pytest.raises(ValueError, match='widths of CRF kernels must be positive'):
        CRFProtocol(0, 3, 80, 13, 10)
    with pytest.raises(ValueError, match='iterations must be at least 0, found -1'):
        CRFProtocol(3, 3, 80, 13, 10, iterations=-1)


def test_wrapped_image():
    """Bytes less 104.008, cut off and taken modulo 256, in blue."""
    image = np.zeros((1, 6, 3), np.uint8)
    image[0, :, 2] = [103, 104, 105, 106, 0, 255]
    assert wrapped_image(image)[0, :, 2].tolist() == [255, 0, 0, 1, 152, 150]
