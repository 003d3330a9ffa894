import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.par import DILATIONS, neighbours, par, par_weights


def unfolded(maps, dilations):
    """Neighbours by convolution with one-hot kernels, as the official code takes them."""
    batch, channels, height, width = maps.shape
    kernel = torch.eye(9, dtype=maps.dtype)[[0, 1, 2, 3, 5, 6, 7, 8]].view(8, 1, 3, 3)
    flat = maps.reshape(-1, 1, height, width)
    views = [
        F.conv2d(F.pad(flat, [d] * 4, mode='replicate'), kernel, dilation=d) for d in dilations
    ]
    return torch.cat(views, 1).view(batch, channels, -1, height, width)


def reference(images, maps, dilations, iterations):
    """Section 7 of the paper's code, everything in memory at once."""
    around = unfolded(images, dilations)
    unit = (around.std(2, keepdim=True) + 1e-8) * 0.3
    affinity = (-(((around - images.unsqueeze(2)) / unit) ** 2)).mean(1).softmax(1)
    g = torch.tensor(
        [d * (2**0.5 if k in (0, 2, 5, 7) else 1) for d in dilations for k in range(8)],
        dtype=maps.dtype,
    )
    weights = affinity + 0.01 * (-((g / (g.std() + 1e-8) / 0.3) ** 2)).softmax(0)[:, None, None]
    for _ in range(iterations):
        maps = (unfolded(maps, dilations) * weights.unsqueeze(1)).sum(2)
    return maps


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    height=st.integers(1, 13),
    width=st.integers(1, 13),
    channels=st.integers(1, 3),
)
def test_equals_the_straightforward_way(seed, height, width, channels):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64)
    maps = torch.rand(2, channels, height, width, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(
        par(images, maps, dilations=(1, 3), iterations=3), reference(images, maps, (1, 3), 3)
    )


def test_batch_equals_one_by_one():
    torch.manual_seed(0)
    images, maps = torch.rand(3, 3, 20, 30), torch.rand(3, 2, 10, 15)
    whole = par(images, maps)
    single = torch.cat([par(images[i : i + 1], maps[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(whole, single)


def test_constant_image_and_mask():
    images, maps = torch.full((1, 3, 9, 9), 0.4), torch.full((1, 1, 9, 9), 0.7)
    weights = par_weights(images)
    near = weights - 1 / 48
    assert near.min() >= 0 and weights.sum(1) == pytest.approx(1.01, abs=1e-5)
    torch.testing.assert_close(par(images, maps), maps * 1.01**10)


def test_stays_within_an_edge():
    images = torch.zeros(1, 3, 16, 16)
    images[..., 8:] = 1
    maps = torch.zeros(1, 2, 16, 16)
    maps[:, 0, :, :8], maps[:, 1, :, 8:] = 1, 1
    maps[:, :, 4, 4] = maps[:, :, 4, 4].flip(1)  # one wrong pixel
    assert (par(images, maps).argmax(1) == (images[:, 0] > 0)).all()


def test_neighbours_come_in_the_stated_order():
    maps = torch.arange(12.0).view(1, 1, 3, 4)
    views = list(neighbours(maps, (1, 2)))
    assert len(views) == 16 and len(DILATIONS) == 6
    assert [float(view[0, 0, 1, 1]) for view in views[:8]] == [0, 1, 2, 4, 6, 8, 9, 10]
    assert views[8][0, 0, 1, 1] == 0 and views[15][0, 0, 1, 1] == 11  # beyond the border


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_cuda_equals_cpu():
    torch.manual_seed(0)
    images, maps = torch.rand(2, 3, 40, 50), torch.rand(2, 3, 20, 25)
    torch.testing.assert_close(par(images.cuda(), maps.cuda()).cpu(), par(images, maps))
