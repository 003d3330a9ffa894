"""Sums over all pairs of pixels: brute force, brute force at half size, the permutohedral lattice.

The straightforward way compares all pairs of pixels. The lattice stands for what published code
compiles; with the extra [crf] its numbers are compared with that library's, of which one mean-field
step shows what its filter gives.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from benchmarks.synthetic import image
from benchmarks.timing import call, load
from mmwsss.ops.bilateral import BILATERALS

SIGMA_XY, SIGMA_RGB = 50.0, 15.0


def example(side: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Colours that go with classes, and smooth probabilities. Shape: (1, 3 or K, side, side)."""
    rng = np.random.RandomState(seed)
    seeds = image(seed)[0]
    label = np.where(seeds.scores.max(0) > 0.5, seeds.scores.argmax(0) + 1, 0)[:side, :side]
    label = np.pad(label, [(0, side - size) for size in label.shape], mode='edge')
    noise = gaussian_filter(rng.randn(side, side, 3), (1, 1, 0))
    colours = np.clip((255 * rng.rand(label.max() + 1, 3))[label] + 20 * noise, 0, 255)
    scores = gaussian_filter(rng.randn(classes, side, side), (0, 8, 8))
    probabilities = torch.from_numpy(20 * scores).softmax(0)[None].float()
    return torch.from_numpy(colours).permute(2, 0, 1)[None].float(), probabilities


def compiled(colours: Tensor, maps: Tensor) -> Tensor:
    """What pydensecrf's filter gives of the difference of two maps. Shape: (H * W,)."""
    from pydensecrf import densecrf

    height, width = maps.shape[-2:]
    weight = 1e-3  # keeps the exponents of one step near 1
    unary = -maps[0].flatten(1).double().log().float()
    crf = densecrf.DenseCRF2D(width, height, 2)
    crf.setUnaryEnergy(np.ascontiguousarray(unary.numpy()))
    crf.addPairwiseBilateral(
        sxy=SIGMA_XY,
        srgb=SIGMA_RGB,
        rgbim=np.ascontiguousarray(colours[0].permute(1, 2, 0).byte().numpy()),
        compat=weight,
        normalization=densecrf.NO_NORMALIZATION,
    )
    after = torch.from_numpy(np.array(crf.inference(1))).double()
    logits = after.log() + unary.double()
    return (logits[0] - logits[1]) / weight


def main(argv: Sequence[str] | None = None) -> float:
    """Run all ways; the ratio of CPU times of brute force and lattice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=3)
    parser.add_argument('--side', type=int, default=224)
    parser.add_argument('--classes', type=int, default=21)
    args = parser.parse_args(argv)
    cases = [example(args.side, args.classes, seed) for seed in range(args.images)]
    print(f'{args.images} images {args.side}x{args.side}, {args.classes} maps, {load()}')
    times, energies = {}, {}
    for name in ('exact', 'coarse', 'lattice'):
        way = BILATERALS[name]
        sums, times[name] = call(
            lambda way=way: [way(*case, SIGMA_XY, SIGMA_RGB) for case in cases]
        )
        found = [float((maps * own).sum()) for (_, maps), own in zip(cases, sums, strict=True)]
        energies[name] = np.array(found)
        shares = energies[name] / energies['exact']
        print(f'{name:8} {times[name]}  energy / exact {shares.round(4).tolist()}')
        if name == 'coarse' and abs(shares - 1).max() > 0.05:
            raise SystemExit('the sum at half size is far from the exact one')
    try:
        import pydensecrf  # noqa: F401
    except ImportError:
        print('pydensecrf is not installed: the lattice is not compared')
    else:
        errors = []
        for colours, maps in cases:
            colours, two = colours.floor(), maps[:, :2] / maps[:, :2].sum(1, keepdim=True)
            ours = BILATERALS['lattice'](colours, two, SIGMA_XY, SIGMA_RGB)[0].flatten(1)
            theirs = compiled(colours, two)
            errors.append(float((ours[0] - ours[1] - theirs).abs().max() / theirs.abs().max()))
        print(f'lattice against the compiled filter, of the maximum: {errors}')
    ratio = times['exact'].cpu / times['lattice'].cpu
    half = times['exact'].cpu / times['coarse'].cpu
    print(f'ratios: lattice {ratio:.1f}, half size {half:.1f} (CPU)')
    return ratio


if __name__ == '__main__':
    main()
