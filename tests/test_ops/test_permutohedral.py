import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.permutohedral import PermutohedralLattice, bilateral_features
from tests.conftest import photo


def exact(features, values):
    """The sum that the lattice approximates."""
    return torch.exp(-0.5 * torch.cdist(features, features) ** 2) @ values


def photo_features(number=1, sigma_xy=50, sigma_rgb=15, dtype=torch.float64):
    images = torch.stack(
        [torch.from_numpy(photo(seed=seed)).permute(2, 0, 1) for seed in range(number)]
    )
    return bilateral_features(images.to(dtype), sigma_xy, sigma_rgb)


def test_bilateral_features():
    image = torch.tensor([[[[10, 20, 30]]] * 3]).view(1, 3, 1, 3)
    expected = [[0, 0, 1, 1, 1], [0.5, 0, 2, 2, 2], [1, 0, 3, 3, 3]]
    assert bilateral_features(image, 2, 10)[0].tolist() == expected


@pytest.mark.parametrize('widths', [(0, 1), (1, -2)])
def test_bilateral_features_refuse(widths):
    with pytest.raises(ValueError, match='must be positive, found'):
        bilateral_features(torch.zeros(1, 3, 2, 2), *widths)


def test_shape_of_the_exact_sum():
    features = photo_features()
    values = torch.rand(1, features.shape[1], 3, dtype=torch.float64)
    filtered, target = PermutohedralLattice(features)(values), exact(features, values)
    correlation = torch.corrcoef(torch.stack([filtered.flatten(), target.flatten()]))[0, 1]
    assert correlation > 0.98
    assert 0.4 < filtered.sum() / target.sum() < 0.65


def test_one_point_by_hand():
    # Two lattice points that hold 1 and 0, neighbours in both directions: (1, 1/2), then (5/4, 1).
    lattice = PermutohedralLattice(torch.zeros(1, 1))
    assert lattice(torch.ones(1, 1)).item() == pytest.approx(5 / 4 / (1 + 1 / 2))


@settings(deadline=None, max_examples=20)
@given(
    st.integers(1, 6), st.integers(1, 40), st.integers(1, 3), st.floats(0.1, 20), st.integers(0, 9)
)
def test_transposed_and_linear(dims, number, sets, spread, seed):
    generator = torch.Generator().manual_seed(seed)
    features = spread * torch.randn(sets, number, dims, generator=generator, dtype=torch.float64)
    a, b = torch.rand(2, sets, number, 2, generator=generator, dtype=torch.float64)
    lattice = PermutohedralLattice(features)
    torch.testing.assert_close((lattice(a) * b).sum(), (a * lattice(b, transposed=True)).sum())
    torch.testing.assert_close(lattice(2 * a - b), 2 * lattice(a) - lattice(b))
    assert (lattice(a) >= 0).all()
    # Weights of a point sum to 1, so nothing is added by spreading and reading.
    assert lattice(torch.ones_like(a)).max() <= number


def test_gradient_is_the_transpose():
    features = photo_features()
    lattice = PermutohedralLattice(features)
    values = torch.rand(1, features.shape[1], 2, dtype=torch.float64, requires_grad=True)
    weights = torch.rand_like(values)
    (lattice(values) * weights).sum().backward()
    assert torch.equal(values.grad, lattice(weights, transposed=True))


def test_sets_of_a_batch_do_not_touch():
    features = photo_features(3, dtype=torch.float32)
    values = torch.rand(3, features.shape[1], 2)
    together = PermutohedralLattice(features)(values)
    for index in range(3):
        alone = PermutohedralLattice(features[index])(values[index])
        torch.testing.assert_close(together[index], alone, rtol=1e-5, atol=1e-5)


def test_translation_by_lattice_points():
    # A shift by a whole lattice cell changes the points' numbers and nothing else.
    features = torch.rand(50, 2, dtype=torch.float64) * 4
    scale = [3 * math.sqrt(2 / 3) / math.sqrt((i + 1) * (i + 2)) for i in range(2)]
    # The running sum takes (4.5, -1.5) to (3, -6, 3): multiples of d + 1.
    shift = torch.tensor([4.5, -1.5]) / torch.tensor(scale)
    values = torch.rand(50, 1, dtype=torch.float64)
    moved = PermutohedralLattice(features + shift)(values)
    torch.testing.assert_close(PermutohedralLattice(features)(values), moved)


def test_types():
    features = photo_features(dtype=torch.float32)
    lattice = PermutohedralLattice(features)
    values = torch.rand(1, features.shape[1], 2)
    assert lattice(values).dtype == torch.float32
    half = lattice(values.bfloat16())
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), lattice(values), rtol=2e-2, atol=2e-2)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(PermutohedralLattice(features)(values), lattice(values))


def test_empty_channels():
    features = torch.rand(4, 2)
    assert PermutohedralLattice(features)(torch.zeros(4, 0)).shape == (4, 0)


@pytest.mark.parametrize(
    ('features', 'message'),
    [
        (torch.zeros(4), r'found torch.float32 \(4,\)'),
        (torch.zeros(4, 2, dtype=torch.int64), 'found torch.int64'),
        (torch.zeros(0, 2), r'at least one, found torch.float32 \(0, 2\)'),
        (torch.tensor([[1.0, math.nan]]), 'must be finite'),
        (torch.tensor([[0.0] * 5, [1e6] * 5]), 'too far apart .* widths too small'),
    ],
)
def test_refuses(features, message):
    with pytest.raises(ValueError, match=message):
        PermutohedralLattice(features)


def test_refuses_values_of_another_image():
    with pytest.raises(ValueError, match=r"\(4, 'C'\) are expected .* found \(3, 2\)"):
        PermutohedralLattice(torch.rand(4, 2))(torch.rand(3, 2))


def test_no_warning_of_torch():
    script = (
        'import torch; from mmwsss.ops.permutohedral import PermutohedralLattice as L;'
        'print(L(torch.rand(4, 2))(torch.rand(4, 2)).shape)'
    )
    command = [sys.executable, '-W', 'error', '-c', script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'beta state' not in done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')
def test_gpu_equals_cpu():
    features = photo_features(2, dtype=torch.float32)
    values = torch.rand(2, features.shape[1], 3)
    on_gpu = PermutohedralLattice(features.cuda())(values.cuda()).cpu()
    torch.testing.assert_close(on_gpu, PermutohedralLattice(features)(values), rtol=1e-4, atol=1e-4)
