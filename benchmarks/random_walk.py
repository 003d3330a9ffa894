"""The random walk of IRN and AffinityNet: sparse products against squaring a dense matrix.

The straightforward way is the published codes': a dense float32 transition matrix, squared
``log_steps`` times. IRN's grid takes minutes that way, so there one squaring is timed and the
others are extrapolated; the result is compared with that of ``2^log_steps`` products with the dense
matrix in float64, which are the same power, and squaring is compared on a smaller grid.
"""

import argparse
from collections.abc import Sequence

import torch
from scipy.ndimage import gaussian_filter, uniform_filter
from torch import Tensor

from benchmarks.timing import Times, call, load
from mmwsss.ops.affinity import edge_stencil, feature_stencil
from mmwsss.ops.path_index import path_directions, scan_directions
from mmwsss.ops.random_walk import Directions, random_walk, transition_matrix

RADIUS = 5


def maps(channels: int, size: tuple[int, int], seed: int) -> Tensor:
    """Smooth maps in [0, 1]. Shape: (1, channels, h, w)."""
    noise = torch.rand(channels, *size, generator=torch.Generator().manual_seed(seed)).numpy()
    smooth = torch.from_numpy(gaussian_filter(uniform_filter(noise, (0, 3, 3)), (0, 2, 2)))
    low, high = (f(smooth, (1, 2), keepdim=True) for f in (torch.amin, torch.amax))
    return ((smooth - low) / (high - low))[None]


def dense_matrix(stencil: Tensor, directions: Directions, beta: float) -> Tensor:
    """Transition matrix with columns that sum to 1. Shape: (h w, h w), of the stencil's type."""
    _, _, height, width = stencil.shape
    matrix = torch.eye(height * width, dtype=stencil.dtype)
    for (dy, dx), weights in zip(directions, stencil[0].flatten(1), strict=True):
        source = weights.nonzero()[:, 0]
        target = source + dy * width + dx
        matrix[source, target] = matrix[target, source] = weights[source]
    matrix.pow_(beta)
    return matrix.div_(matrix.sum(0))


def dense_walk(
    start: Tensor, stencil: Tensor, directions: Directions, beta: float, log_steps: int
) -> Tensor:
    """The straightforward way."""
    matrix = dense_matrix(stencil, directions, beta)
    for _ in range(log_steps):
        matrix = matrix @ matrix
    return (start.flatten(2) @ matrix).view_as(start)


def dense_products(
    start: Tensor, stencil: Tensor, directions: Directions, beta: float, log_steps: int
) -> Tensor:
    """The same power of the dense matrix, in float64 and product by product."""
    matrix = dense_matrix(stencil.double(), directions, beta)
    walked = start.double().flatten(2)
    for _ in range(2**log_steps):
        walked = walked @ matrix
    return walked.view_as(start)


def one_squaring(
    stencil: Tensor, directions: Directions, beta: float, log_steps: int
) -> tuple[Times, Times]:
    """Times of building the matrix, and of all squarings as one of them says."""
    matrix, build = call(dense_matrix, stencil, directions, beta)
    _, once = call(torch.mm, matrix, matrix)
    return build, Times(once.cpu * log_steps, once.wall * log_steps)


def report(
    name: str,
    size: tuple[int, int],
    channels: int,
    start: Tensor,
    stencil: Tensor,
    directions: Directions,
    *,
    beta: float,
    log_steps: int,
    whole: bool,
) -> float:
    """Print one case; the ratio of CPU times."""
    options = dict(beta=beta, log_steps=log_steps)
    ours, fast = call(lambda: random_walk(start, stencil, directions, **options))
    if whole:
        theirs, slow = call(dense_walk, start, stencil, directions, beta, log_steps)
        note = f'largest difference {(ours - theirs).abs().max():.1e}'
    else:
        build, squarings = one_squaring(stencil, directions, beta, log_steps)
        slow = Times(build.cpu + squarings.cpu, build.wall + squarings.wall)
        exact = dense_products(start, stencil, directions, beta, log_steps)
        note = (
            f'extrapolated from one of {log_steps} squarings; '
            f'largest difference from float64 {(ours - exact).abs().max():.1e}'
        )
    matrix = transition_matrix(stencil[0].double() ** beta, directions)
    mine = sum(part.nbytes for part in (matrix.data, matrix.indices, matrix.indptr)) / 2**20
    full = 2 * 4 * (size[0] * size[1]) ** 2 / 2**20
    ratio = slow.cpu / fast.cpu
    print(f'{name} {size[0]}x{size[1]}, {channels} maps, 2^{log_steps} steps')
    print(f'  dense   {slow} {full:8.1f} MiB (a matrix and its square)  {note}')
    print(
        f'  sparse  {fast} {mine:8.1f} MiB\n  ratio {ratio:.0f} (CPU), {full / mine:.0f} (memory)'
    )
    return ratio


def main(argv: Sequence[str] | None = None) -> list[float]:
    """Run all cases; their ratios of CPU times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, size in (('irn', (94, 125)), ('psa', (47, 63)), ('check', (40, 52))):
        parser.add_argument(f'--{name}', type=int, nargs=2, default=size, metavar=('H', 'W'))
    parser.add_argument('--maps', type=int, default=3)
    args = parser.parse_args(argv)
    print(load())
    ratios = []
    random_walk(
        torch.rand(1, 1, 8, 9), torch.zeros(1, 34, 8, 9), path_directions(RADIUS)
    )  # imports
    for name, size, whole in (('IRN', args.irn, False), ('IRN', args.check, True)):
        edges = maps(1, size, 0)[:, 0] ** 2
        start = maps(args.maps, size, 1) * (1 - edges[:, None])
        case = (start, edge_stencil(edges, RADIUS), path_directions(RADIUS))
        ratios.append(report(name, size, args.maps, *case, beta=10, log_steps=8, whole=whole))
    start = maps(args.maps, args.psa, 2)
    stencil = feature_stencil(maps(16, args.psa, 3), RADIUS)
    case = (start, stencil, scan_directions(RADIUS))
    options = dict(beta=8, log_steps=8, whole=True)
    ratios.append(report('AffinityNet', args.psa, args.maps, *case, **options))
    return ratios


if __name__ == '__main__':
    main()
