"""Gaussian filtering in a high-dimensional space (position and colour) on a sparse lattice."""

import math
import warnings
from typing import Any

import torch
from torch import Tensor


class PermutohedralLattice:
    """Approximate the filter ``out_i = sum_j exp(-|f_i - f_j|^2 / 2) v_j`` in linear time.

    `Adams, Baek, Davis, "Fast High-Dimensional Filtering Using the Permutohedral Lattice"
    <https://graphics.stanford.edu/papers/permutohedral/>`_ (2010), as compiled in dense CRFs and
    their losses: values are spread to the d + 1 lattice points around each feature, blurred along
    the d + 1 directions of the lattice and read at the features again. All three are sparse
    products, on CPU and GPU. The result has the shape of the exact sum but is smaller: about
    0.58 of it for photos. It is linear in the values, so one lattice serves any number of them.

    Only lattice points beside a feature exist: mass that is blurred to others is lost. For that
    reason the order of the sums below is that of the compiled filter: another order of the same
    sums finds other points of weight 0 where a coordinate is 0 (first row and column of an image),
    and results move by up to 2 %.

    Args:
        features: Coordinates in units of the kernel's width. The sets of a batch are filtered each
            for itself. Shape: (P, d) or (N, P, d), floating point; computed in float32 unless they
            are float64.

    Raises:
        ValueError: The features are of another shape or type, not finite, none, or so far apart
            that lattice points cannot be numbered (a width much too small).

    Example:
        >>> lattice = PermutohedralLattice(bilateral_features(images, 50, 15))
        >>> filtered = lattice(scores)  # (N, H * W, C)
    """

    def __init__(self, features: Tensor) -> None:
        if features.ndim not in (2, 3) or not features.is_floating_point() or not features.numel():
            raise ValueError(
                'features (P, d) or (N, P, d) of floating point are expected, at least one, found '
                f'{features.dtype} {tuple(features.shape)}'
            )
        if not bool(features.isfinite().all()):
            raise ValueError('features of a lattice must be finite, found NaN or infinity')
        self.shape = features.shape[:-1]
        with torch.no_grad():
            features = features if features.dtype == torch.float64 else features.float()
            self._build(features)

    def __call__(self, values: Tensor, *, transposed: bool = False) -> Tensor:
        """Filter values; differentiable with respect to them.

        Args:
            values: Rows as the features' rows. Shape: (P, C) or (N, P, C).
            transposed: Apply the transposed filter, which is what gradients go through. It differs
                from the filter by less than their common error: the directions of the blur come in
                the opposite order.

        Returns:
            Not normalised (filter ones to normalise). Shape and type as the values.

        Raises:
            ValueError: The values do not go with the features.
        """
        if values.shape[:-1] != self.shape:
            raise ValueError(
                f'values of shape {(*self.shape, "C")} are expected for these features, '
                f'found {tuple(values.shape)}'
            )
        flat = values.flatten(0, -2).to(self._splat.dtype)
        return _Filter.apply(flat, self, transposed).view_as(values).to(values.dtype)

    def _build(self, features: Tensor) -> None:
        """Build the sparse matrices of the three steps: splat, blur, slice."""
        sets = features.shape[0] if features.ndim == 3 else 1
        weights, codes, offsets = _vertices(features.reshape(-1, features.shape[-1]), sets)
        corners, number = codes.shape
        codes, order = codes.flatten().sort()
        first = torch.cat([codes.new_ones(1), codes[1:] != codes[:-1]]).bool()
        vertex = torch.empty_like(order)
        vertex[order] = first.cumsum(0) - 1
        codes = codes[first]
        starts = first.nonzero()[:, 0]
        self._splat = _csr(
            torch.cat([starts, starts.new_tensor([len(order)])]),
            order % number,
            weights.flatten()[order],
            number,
        )
        columns = vertex.view(corners, number).T
        self._slice = _csr(
            torch.arange(0, number * corners + 1, corners, device=codes.device),
            columns.flatten(),
            weights.T.flatten(),
            len(codes),
        )
        self._blurs = [_blur(codes, offset, weights.dtype) for offset in offsets]
        # Correct the scale that splatting and slicing lose, as in the compiled filter.
        self._scale = 1 / (1 + 2.0 ** -(corners - 1))

    def _apply(self, values: Tensor, transposed: bool) -> Tensor:
        """Apply splat, blur and slice. Shape: (N * P, C)."""
        with torch.autocast(values.device.type, enabled=False):
            on_lattice = self._splat @ values
            for blur in reversed(self._blurs) if transposed else self._blurs:
                on_lattice = blur @ on_lattice
            return (self._slice @ on_lattice) * self._scale


class _Filter(torch.autograd.Function):
    """Autograd function of the filter; its gradient is the transposed filter."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, lattice: PermutohedralLattice, transposed: bool
    ) -> Tensor:
        ctx.lattice, ctx.transposed = lattice, transposed
        return lattice._apply(values.contiguous(), transposed)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return ctx.lattice._apply(grads[0].contiguous(), not ctx.transposed), None, None


def bilateral_features(images: Tensor, sigma_xy: float, sigma_rgb: float) -> Tensor:
    """Position and colour of each pixel in units of the kernel's widths.

    Args:
        images: Colours in 0..255, integers or floating point. Shape: (N, 3, H, W).
        sigma_xy: Width in pixels.
        sigma_rgb: Width in grey levels.

    Returns:
        x, y and the channels in their order. Shape: (N, H * W, 5).

    Raises:
        ValueError: A width is not positive.
    """
    if min(sigma_xy, sigma_rgb) <= 0:
        raise ValueError(
            f'widths of a kernel must be positive, found {sigma_xy} pixels and {sigma_rgb} levels'
        )
    images = images if images.is_floating_point() else images.float()
    number, _, height, width = images.shape
    position = position_features(height, width, sigma_xy, images.device, images.dtype)
    position = position.expand(number, -1, -1)
    return torch.cat([position, images.flatten(2).transpose(1, 2) / sigma_rgb], -1)


def position_features(
    height: int,
    width: int,
    sigma: float,
    device: torch.device | str = 'cpu',
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Position of each pixel in units of the kernel's width.

    Args:
        height: Of the image.
        width: Of the image.
        sigma: Width of the kernel in pixels.
        device: Where to make it.
        dtype: Its type.

    Returns:
        x and y, row by row. Shape: (H * W, 2).
    """
    rows = torch.arange(height, device=device, dtype=dtype) / sigma
    columns = torch.arange(width, device=device, dtype=dtype) / sigma
    y, x = torch.meshgrid(rows, columns, indexing='ij')
    return torch.stack([x, y], -1).flatten(0, 1)


def _vertices(features: Tensor, sets: int) -> tuple[Tensor, Tensor, list[int]]:
    """The lattice points around each feature (section 3 of the paper).

    Args:
        features: Shape: (P, d).
        sets: Number of sets of equal size that the rows come from.

    Returns:
        Weights and numbers of the points, (d + 1, P) each, and by how much the number grows from
        a point to its neighbour along each of the d + 1 directions.
    """
    number, d = features.shape
    size = d + 1
    # Onto the plane of vectors with sum 0, by the running sum of the compiled filter.
    elevated = features.new_empty(size, number)
    total = features.new_zeros(number)
    for j in range(d, 0, -1):
        scale = size * math.sqrt(2 / 3) / math.sqrt(j * (j + 1))
        scaled = features[:, j - 1] * scale
        elevated[j] = total - j * scaled
        total = total + scaled
    elevated[0] = total
    # The nearest point whose coordinates are multiples of d + 1, and the order of the rests.
    nearest = (elevated / size).round()
    rest = elevated - size * nearest
    rank = torch.zeros(size, number, dtype=torch.int64, device=features.device)
    for i in range(size):
        smaller = rest[i] < rest[i + 1 :]
        rank[i] += smaller.sum(0)
        rank[i + 1 :] += ~smaller
    nearest = nearest.long()
    rank += nearest.sum(0)
    shift = (rank < 0).long() - (rank > d).long()
    rank += size * shift
    nearest = size * (nearest + shift)
    # Barycentric coordinates: differences of neighbours in the order of the rests.
    rest = (elevated - nearest) / size
    ordered = torch.empty_like(rest).scatter_(0, rank, rest)
    weights = ordered.flip(0)
    weights[1:] -= ordered[1:].flip(0)
    weights[0] += 1 - ordered[0]
    # Points by one integer that is linear in the first d coordinates (the last follows from them).
    reach = 2 * size
    low = nearest[:d].amin(1) - reach
    sides = (nearest[:d].amax(1) + reach - low + 1).tolist()
    strides = [math.prod(sides[j + 1 :]) for j in range(d)]
    volume = math.prod(sides)
    if volume * sets >= 2**63:
        raise ValueError(
            f'features are too far apart for a lattice (its sides are {sides} points): '
            "are the kernel's widths too small?"
        )
    stride = nearest.new_tensor([*strides, 0])
    codes = torch.empty_like(nearest)
    codes[0] = ((nearest[:d] - low[:, None]) * stride[:d, None]).sum(0)
    codes[0] += volume * (torch.arange(number, device=features.device) // (number // sets))
    of_rank = torch.empty_like(rank).scatter_(0, rank, stride[:, None].expand(-1, number))
    for k in range(1, size):
        codes[k] = codes[k - 1] + sum(strides) - size * of_rank[size - k]
    return weights, codes, [size * int(step) - sum(strides) for step in (*strides, 0)]


def _blur(codes: Tensor, offset: int, dtype: torch.dtype) -> Tensor:
    """Each point plus half of its two neighbours in one direction, where they exist.

    Args:
        codes: Ascending. Shape: (M,).
        offset: From a point's number to its neighbour's.
        dtype: Of the matrix.

    Returns:
        Sparse. Shape: (M, M).
    """
    number = len(codes)
    points = torch.arange(number, device=codes.device)
    found = torch.searchsorted(codes, codes + offset).clamp_(max=number - 1)
    exists = codes[found] == codes + offset
    after, before = found[exists], points[exists]
    # A missing neighbour is the point itself with the weight 0: every row has three entries.
    columns = points[:, None].repeat(1, 3)
    columns[before, 1] = after
    columns[after, 2] = before
    values = torch.zeros(number, 3, dtype=dtype, device=codes.device)
    values[:, 0] = 1
    values[before, 1] = 0.5
    values[after, 2] = 0.5
    rows = torch.arange(0, 3 * number + 1, 3, device=codes.device)
    return _csr(rows, columns.flatten(), values.flatten(), number)


def _csr(rows: Tensor, columns: Tensor, values: Tensor, width: int) -> Tensor:
    """Build a sparse CSR matrix. Shape: (len(rows) - 1, width)."""
    with warnings.catch_warnings():
        # Torch warns once per process that the format is "in beta state".
        warnings.filterwarnings('ignore', 'Sparse CSR tensor support', UserWarning)
        return torch.sparse_csr_tensor(
            rows, columns, values, (len(rows) - 1, width), check_invariants=False
        )
