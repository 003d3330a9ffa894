import numpy as np
import pytest
import torch

from mmwsss.ops.two_level_labels import par_labels
from mmwsss.refiners import PARLabels
from mmwsss.structures import Seeds


def test_equals_the_step_on_all_classes():
    rng = np.random.RandomState(0)
    image = rng.randint(0, 255, (24, 31, 3), dtype=np.uint8)
    scores = torch.from_numpy(rng.rand(1, 20, 24, 31).astype(np.float32)) / 4
    scores[:, 3, :, :10] += 0.75
    scores[:, 11, :, 20:] += 0.75
    tags = torch.zeros(1, 20)
    tags[:, [3, 11]] = 1
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    seeds = Seeds([3, 11], scores[0, [3, 11]].numpy())
    labels = PARLabels()(image, seeds)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, par_labels(pixels, scores, tags)[0])
    assert set(np.unique(labels)) == {0, 4, 12, 255}


def test_images_without_classes_are_background():
    image = np.zeros((8, 9, 3), np.uint8)
    assert not PARLabels()(image, Seeds([], np.zeros((0, 2, 2)), size=(8, 9))).any()


def test_bad_options():
    with pytest.raises(ValueError, match='low 0.8 and high 0.7'):
        PARLabels(low=0.8)
    with pytest.raises(ValueError, match='down_scale >= 1'):
        PARLabels(down_scale=0)
    assert PARLabels().protocol()['high'] == 0.7
