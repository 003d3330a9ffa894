import numpy as np
import pytest
import torch

from mmwsss.ops.dense_crf import PROTOCOLS, DenseCRF, softmax_unary
from mmwsss.ops.lattice_crf import LatticeCRF
from tests.conftest import photo


def test_a_batch_gives_what_its_images_give():
    images = [photo(24, 32, seed) for seed in range(3)]
    unaries = np.stack(
        [
            softmax_unary(np.random.RandomState(s).rand(4, 24, 32)).astype(np.float32)
            for s in (0, 1, 2)
        ]
    )
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    crf = LatticeCRF(batch, PROTOCOLS['psa'])
    got = crf(torch.from_numpy(unaries))
    assert got.shape == (3, 4, 24, 32)
    for image, unary, own in zip(images, unaries, got, strict=True):
        np.testing.assert_allclose(own, DenseCRF(image, 4)(unary), atol=1e-4)


def test_probabilities_in_the_type_of_the_energies():
    batch = torch.from_numpy(photo()).permute(2, 0, 1)[None]
    energies = torch.rand(1, 3, 24, 32, dtype=torch.float64)
    got = LatticeCRF(batch, PROTOCOLS['irn'])(energies)
    assert got.dtype == torch.float64
    torch.testing.assert_close(
        got.sum(1), torch.ones(1, 24, 32, dtype=torch.float64), atol=1e-5, rtol=0
    )


def test_energies_are_numbers():
    crf = LatticeCRF(torch.from_numpy(photo()).permute(2, 0, 1)[None], PROTOCOLS['irn'])
    with pytest.raises(ValueError, match='found NaN'):
        crf(torch.full((1, 3, 24, 32), torch.nan))


def test_strong_kernels_remove_a_lonely_label():
    batch = torch.full((1, 3, 32, 32), 100, dtype=torch.uint8)
    energies = torch.zeros(1, 2, 32, 32)
    energies[:, 1] = 1.0
    energies[0, :, 16, 16] = torch.tensor([1.0, 0.0])
    labels = LatticeCRF(batch, PROTOCOLS['psa'])(energies).argmax(1)
    assert not labels.any()
