"""Dense CRF by sparse products in torch against the compiled library, kernels included.

Needs the extra [crf], which is what is compared with.
"""

import argparse
from collections.abc import Sequence
from typing import get_args

import numpy as np

from benchmarks.crf_classes import photo
from benchmarks.synthetic import image
from benchmarks.timing import call, load
from mmwsss.ops.background import alpha_background
from mmwsss.ops.dense_crf import Backend, DenseCRF, softmax_unary
from mmwsss.structures import Seeds


def infer(cases: Sequence[tuple], protocol: str, backend: Backend) -> list[np.ndarray]:
    """Scores of each case. Shape of each: (K + 1, H, W)."""
    return [
        DenseCRF(pixels, len(unary), protocol, backend=backend)(unary) for pixels, unary in cases
    ]


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Run both ways; the ratio of their CPU times for each protocol."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=5)
    parser.add_argument('--stride', type=int, default=1, help='of the pixels; for quick tries')
    parser.add_argument('--protocols', nargs='+', default=['psa', 'irn', 'deeplab'])
    args = parser.parse_args(argv)
    cases = []
    for index in range(args.images):
        full = image(index)[0]
        seeds = Seeds(full.classes, full.scores[:, :: args.stride, :: args.stride])
        scores = np.concatenate([alpha_background(seeds.scores, 4)[None], seeds.scores])
        cases.append((photo(seeds, index), softmax_unary(scores)))
    height, width = cases[0][0].shape[:2]
    print(f'{args.images} images {height}x{width}, {load()}')
    ratios = {}
    for protocol in args.protocols:
        (lattice, ours), (compiled, theirs) = (
            call(infer, cases, protocol, backend) for backend in get_args(Backend)
        )
        pairs = list(zip(lattice, compiled, strict=True))
        moved = sum(int((a.argmax(0) != b.argmax(0)).sum()) for a, b in pairs)
        ratios[protocol] = ours.cpu / theirs.cpu
        print(
            f'{protocol:8} lattice {ours}, compiled {theirs}, ratio {ratios[protocol]:.2f}; '
            f'largest difference of scores {max(np.abs(a - b).max() for a, b in pairs):.1e}, '
            f'{moved} of {sum(a[0].size for a in lattice)} labels differ'
        )
    return ratios


if __name__ == '__main__':
    main()
