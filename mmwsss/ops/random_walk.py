"""Random walks on image grids without a dense transition matrix."""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

Directions = tuple[tuple[int, int], ...]


def random_walk(
    maps: Tensor,
    stencil: Tensor,
    directions: Directions,
    *,
    beta: float = 10,
    log_steps: int = 8,
    method: Literal['auto', 'sparse', 'stencil'] = 'auto',
    budget_mib: int = 512,
) -> Tensor:
    """Spread maps along affinities: ``x T^(2^log_steps)`` of AffinityNet and IRN.

    ``T`` is ``A^beta`` (elementwise) divided by its column sums; A is symmetric with a unit
    diagonal. The published codes square the dense matrix ``log_steps`` times; this takes
    ``2^log_steps`` products with the few affinities that are not zero, in float64: closer to the
    exact result, and the memory does not grow with the square of the grid.

    Args:
        maps: What to spread; classes that are absent need no map, as zeros stay zeros.
            Shape: (N, K, h, w).
        stencil: ``[n, d, y, x]`` is the affinity of (y, x) and its destination in direction d,
            in [0, 1]; 0 where that is not on the grid. Shape: (N, D, h, w).
        directions: D offsets ``(dy, dx)``, each of a pair once.
        beta: Exponent of the affinities.
        log_steps: Logarithm of the number of steps to base 2.
        method: 'sparse' (scipy on the CPU, image by image), 'stencil' (torch, batched, on the
            maps' device); 'auto' takes the first on the CPU and the second elsewhere.
        budget_mib: Bound on the temporary memory of 'stencil' in MiB; maps are walked in parts
            that keep it, one map at least.

    Returns:
        Shape: (N, K, h, w), of the maps' type.

    Raises:
        ValueError: Shapes disagree, a value is not finite, or ``method`` is unknown.
    """
    if method not in ('auto', 'sparse', 'stencil'):
        raise ValueError(f"method must be 'auto', 'sparse' or 'stencil', found {method!r}")
    grid = maps.shape[-2:]
    if stencil.shape != (len(maps), len(directions), *grid):
        raise ValueError(
            f'maps {tuple(maps.shape)} and {len(directions)} directions need a stencil of shape '
            f'{(len(maps), len(directions), *grid)}, found {tuple(stencil.shape)}: scores and '
            'affinities are of different sizes'
        )
    for name, values in (('maps', maps), ('affinities', stencil)):
        if not torch.isfinite(values).all():
            raise ValueError(f'{name} must be finite, found NaN or infinity')
    if not maps.numel():
        return maps.clone()
    weights = stencil.double() ** beta
    if method == 'sparse' or (method == 'auto' and maps.device.type == 'cpu'):
        walked = _walk_sparse(maps, weights, directions, 2**log_steps)
    else:
        walked = _walk_stencil(maps, weights, directions, 2**log_steps, budget_mib)
    return walked.to(maps)


def transition_matrix(weights: Tensor, directions: Directions) -> sparse.csr_array:
    """Transposed transition matrix of one image: its rows sum to 1.

    Args:
        weights: Affinities to the power beta, as of :func:`random_walk`. Shape: (D, h, w).
        directions: D offsets.

    Returns:
        Sparse ``T^T`` with at most ``2 D + 1`` entries per row. Shape: (h w, h w), float64.
    """
    near, offsets = _neighbours(weights.double()[None], directions)
    rows = near[0].flatten(1).T.cpu().numpy()
    number, width = len(rows), weights.shape[-1]
    row, neighbour = np.nonzero(rows)
    column = row + (np.array(offsets) @ (width, 1))[neighbour]
    starts = np.searchsorted(row, np.arange(number + 1))
    return sparse.csr_array((rows[row, neighbour], column, starts), shape=(number, number))


def _neighbours(weights: Tensor, directions: Directions) -> tuple[Tensor, Directions]:
    """Weights of each position's neighbours and itself, normalised to sum 1, and their offsets.

    Shape: (N, D, h, w) to (N, 2 D + 1, h, w).
    """
    height, width = weights.shape[-2:]
    margin = max(max(abs(dy), abs(dx)) for dy, dx in directions)
    padded = F.pad(weights, (margin, margin, margin, 0))
    back = [
        padded[:, i, margin - dy : margin - dy + height, margin - dx : margin - dx + width]
        for i, (dy, dx) in enumerate(directions)
    ]
    near = torch.cat([torch.stack(back, 1), torch.ones_like(weights[:, :1]), weights], 1)
    offsets = (*((-dy, -dx) for dy, dx in directions), (0, 0), *directions)
    return near / near.sum(1, keepdim=True), offsets


def _walk_sparse(maps: Tensor, weights: Tensor, directions: Directions, steps: int) -> Tensor:
    walked = []
    for image, own in zip(maps.double().cpu().numpy(), weights, strict=True):
        matrix = transition_matrix(own, directions)
        # Vector by vector: scipy's sparse product with a matrix of few columns is slower.
        vectors = list(image.reshape(len(image), -1))
        for index, vector in enumerate(vectors):
            for _ in range(steps):
                vector = matrix @ vector
            vectors[index] = vector
        walked.append(np.stack(vectors).reshape(image.shape))
    return torch.from_numpy(np.stack(walked))


def _walk_stencil(
    maps: Tensor, weights: Tensor, directions: Directions, steps: int, budget_mib: int
) -> Tensor:
    near, offsets = _neighbours(weights, directions)
    margin = max(max(abs(dy), abs(dx)) for dy, dx in directions)
    side = 2 * margin + 1
    images, channels, height, width = maps.shape
    # Arrange the weights as F.unfold arranges the values that they multiply.
    window = near.new_zeros(images, side * side, height * width)
    window[:, [(margin + dy) * side + margin + dx for dy, dx in offsets]] = near.flatten(2)
    # Memory of one map: its unfolded values, their products with the weights, and the weights.
    at_once = max(1, budget_mib * 2**20 // (3 * side * side * height * width * 8))
    flat = maps.double().flatten(0, 1)
    image = torch.arange(images, device=maps.device).repeat_interleave(channels)
    walked = torch.empty_like(flat)
    for start in range(0, len(flat), at_once):
        part = slice(start, start + at_once)
        own, x = window[image[part]] if images > 1 else window, flat[part]
        for _ in range(steps):
            unfolded = F.unfold(x[:, None], side, padding=margin)
            x = (unfolded * own).sum(1).view_as(x)
        walked[part] = x
    return walked.view_as(maps)
