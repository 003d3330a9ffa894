import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmwsss.ops.par import par
from mmwsss.refiners import PAR
from mmwsss.structures import Seeds


def example(classes=(1, 4), size=(20, 31), background=False):
    rng = np.random.RandomState(0)
    image = rng.randint(0, 255, (*size, 3), dtype=np.uint8)
    maps = rng.rand(len(classes) + 1, *size)
    return image, Seeds(np.array(classes, int), maps[1:], maps[0] if background else None)


def expected(image, maps, softmax):
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    half = [image.shape[0] // 2, image.shape[1] // 2]
    pixels, maps = (
        F.interpolate(x, half, mode='bilinear') for x in (pixels, torch.from_numpy(maps)[None])
    )
    return (par(pixels, maps.softmax(1) if softmax else maps) / 1.01**10)[0].numpy()


def test_without_background_each_map_keeps_its_scale():
    image, seeds = example()
    refined = PAR()(image, seeds)
    assert refined.background is None and refined.size == (20, 31)
    np.testing.assert_allclose(
        refined.scores, expected(image, seeds.scores, softmax=False), atol=1e-6
    )
    constant = Seeds([0], np.full((1, 20, 31), 0.6))
    np.testing.assert_allclose(PAR()(image, constant).scores, 0.6, atol=1e-5)


def test_with_background_the_classes_compete():
    image, seeds = example()
    refined = PAR(0.4)(image, seeds)
    maps = np.concatenate([np.full((1, 20, 31), 0.4, np.float32), seeds.scores])
    both = np.concatenate([refined.background[None], refined.scores])
    np.testing.assert_allclose(both, expected(image, maps, softmax=True), atol=1e-6)
    np.testing.assert_allclose(both.sum(0), 1, atol=1e-5)
    assert refined.to_mask().shape == (20, 31)


def test_a_background_map_is_refined_along():
    image, seeds = example(background=True)
    refined = PAR()(image, seeds)
    maps = np.concatenate([seeds.background[None], seeds.scores])
    both = np.concatenate([refined.background[None], refined.scores])
    np.testing.assert_allclose(both, expected(image, maps, softmax=False), atol=1e-6)
    with pytest.raises(ValueError, match='have a background map'):
        PAR(0.3)(image, seeds)


def test_images_without_classes():
    image, seeds = example(classes=())
    assert PAR()(image, seeds) is seeds
    refined = PAR(0.4)(image, seeds)
    np.testing.assert_allclose(refined.background, 1, atol=1e-5)
    assert not refined.to_mask().any()


def test_full_size_and_small_images():
    image, seeds = example(size=(1, 5))
    assert PAR(down_scale=1)(image, seeds).scores.shape == (2, 1, 5)
    assert PAR(down_scale=4)(image, seeds).scores.shape == (2, 1, 1)


def test_bad_input_and_options():
    image, seeds = example()
    with pytest.raises(ValueError, match=r'of an image of \(20, 31\), this one is \(5, 5, 3\)'):
        PAR()(image[:5, :5], seeds)
    with pytest.raises(ValueError, match=r'lie in \[0, 1\] or be None, found -1'):
        PAR(-1)
    with pytest.raises(ValueError, match='down_scale >= 1'):
        PAR(down_scale=0)
    assert PAR(0.3, tuned_on_masks=True).protocol()['threshold_tuned_on_masks'] is True


def test_large_photos_are_worked_on_at_a_bounded_size():
    photo = np.zeros((120, 160, 3), np.uint8)
    scores = np.random.default_rng(0).random((1, 30, 40)).astype(np.float32)
    seeds = Seeds(np.array([2]), scores, size=(120, 160))
    assert PAR(max_side=40)(photo, seeds).scores.shape == (1, 30, 40)
    within = PAR(max_side=80)(photo, seeds)
    np.testing.assert_array_equal(within.scores, PAR()(photo, seeds).scores)
    assert PAR(max_side=40).protocol()['max_side'] == 40
    assert 'max_side' not in PAR().protocol()
    with pytest.raises(ValueError, match='max_side is at least 1 or None'):
        PAR(max_side=0)
