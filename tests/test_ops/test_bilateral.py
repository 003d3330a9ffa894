import pytest
import torch
from torch.nn import functional as F

from mmwsss.ops.bilateral import BILATERALS, coarse_bilateral, exact_bilateral
from mmwsss.ops.permutohedral import bilateral_features
from tests.conftest import photo

SIGMAS = 20, 15


def example(height=32, width=40):
    images = torch.stack([torch.from_numpy(photo(height, width, seed)) for seed in range(2)])
    maps = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    return images.permute(0, 3, 1, 2).float(), F.interpolate(maps, (height, width), mode='bicubic')


@pytest.mark.parametrize('block', [7, 64, 10_000])
def test_exact(block):
    images, maps = example()
    features = bilateral_features(images.double(), *SIGMAS)
    kernel = torch.exp(-0.5 * torch.cdist(features, features) ** 2)
    expected = (kernel @ maps.double().flatten(2).mT).mT.view_as(maps)
    got = exact_bilateral(images, maps, *SIGMAS, block=block)
    torch.testing.assert_close(got.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('size', [(32, 40), (33, 41)])
def test_coarse_energy_is_near(size):
    images, maps = example(*size)
    exact, coarse = (
        (maps * way(images, maps, *SIGMAS)).sum() for way in (exact_bilateral, coarse_bilateral)
    )
    assert coarse / exact == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize('name', BILATERALS)
def test_all_are_linear_in_maps_and_keep_images_apart(name):
    images, maps = example()
    way = BILATERALS[name]
    both = way(images, maps, *SIGMAS)
    torch.testing.assert_close(way(images[1:], 2 * maps[1:], *SIGMAS)[0], 2 * both[1])
    assert both.shape == maps.shape


def test_coarse_refuses():
    with pytest.raises(ValueError, match='at least 2 pixels .* found 1 x 9'):
        coarse_bilateral(torch.zeros(1, 3, 1, 9), torch.zeros(1, 2, 1, 9), *SIGMAS)
