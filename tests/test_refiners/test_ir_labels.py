import numpy as np
import pytest

from mmwsss.refiners import IRLabels
from mmwsss.structures import Seeds
from tests.conftest import photo


def test_three_kinds_of_pixels():
    # Flat image: the CRF is left with the labels and smoothness.
    image = np.full((24, 60, 3), 128, np.uint8)
    image[:, 20:40], image[:, 40:] = 0, 255
    scores = np.zeros((1, 24, 60), np.float32)
    scores[:, :, :20], scores[:, :, 20:40] = 0.9, 0.2
    labels = IRLabels(high=0.3, low=0.05)(image, Seeds(np.array([6]), scores))
    assert [np.unique(part).tolist() for part in np.split(labels, 3, 1)] == [[7], [255], [0]]
    assert labels.dtype == np.uint8


def test_image_without_classes_is_background():
    seeds = Seeds(np.zeros(0, int), np.zeros((0, 6, 8)), size=(24, 32))
    assert not IRLabels()(photo(), seeds).any()


def test_bad_options():
    with pytest.raises(ValueError, match='found low 0.4 and high 0.3'):
        IRLabels(high=0.3, low=0.4)


def test_protocol():
    record = IRLabels(high=0.35, low=0.17).protocol()
    assert (record['high'], record['low'], record['bilateral_sxy']) == (0.35, 0.17, 50)
