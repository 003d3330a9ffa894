"""Mean-field inference of a dense CRF in plain torch, on CPU and GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmwsss.ops.permutohedral import PermutohedralLattice, bilateral_features, position_features

if TYPE_CHECKING:
    from mmwsss.ops.dense_crf import CRFProtocol


class LatticeCRF:
    """Dense CRFs of a batch of images of equal size.

    `Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials
    <https://arxiv.org/abs/1210.5644>`_, algorithm 1, with Potts compatibilities and symmetrically
    normalised kernels, as pydensecrf computes it. Both kernels are
    :class:`~mmwsss.ops.permutohedral.PermutohedralLattice`.

    Args:
        images: Colours in 0..255, in the order that the kernels are to see. Shape: (N, 3, H, W).
        protocol: Kernels and iterations.
    """

    def __init__(self, images: Tensor, protocol: CRFProtocol) -> None:
        number, _, height, width = images.shape
        self.size, self.iterations = (number, height, width), protocol.iterations
        appearance = PermutohedralLattice(
            bilateral_features(images, protocol.bilateral_sxy, protocol.bilateral_srgb)
        )
        smoothness = PermutohedralLattice(
            position_features(height, width, protocol.gaussian_sxy, images.device)
        )
        ones = torch.ones(height * width, 1, device=images.device)
        # Positions are the same in all images: their lattice filters all images' labels at once.
        self._smoothness = (protocol.gaussian_compat, smoothness, _normaliser(smoothness, ones))
        self._appearance = (
            protocol.bilateral_compat,
            appearance,
            _normaliser(appearance, ones.expand(number, -1, 1)),
        )

    @torch.no_grad()
    def __call__(self, unary: Tensor) -> Tensor:
        """Infer the probabilities of all labels.

        Args:
            unary: Energies. Shape: (N, L, H, W).

        Returns:
            They sum to 1 over the labels. Shape and type as the energies.

        Raises:
            ValueError: An energy is NaN.
        """
        if unary.isnan().any():
            raise ValueError('energies of a CRF must be numbers, found NaN')
        number, height, width = self.size
        labels = unary.shape[1]
        energy = unary.flatten(2).transpose(1, 2).float()  # (N, P, L)
        q = (-energy).softmax(2)
        for _ in range(self.iterations):
            weight, lattice, norm = self._appearance
            message = weight * norm * lattice(norm * q)
            weight, lattice, norm = self._smoothness
            flat = q.transpose(0, 1).reshape(height * width, number * labels)
            flat = norm * lattice(norm * flat)
            message += weight * flat.view(-1, number, labels).transpose(0, 1)
            q = (message - energy).softmax(2)
        return q.transpose(1, 2).reshape(unary.shape).to(unary.dtype)


def _normaliser(lattice: PermutohedralLattice, ones: Tensor) -> Tensor:
    """Factor applied to values before and after the filter. Shape: (..., P, 1)."""
    return (lattice(ones) + 1e-20).rsqrt()
