"""S2C's segment contrast without features at full resolution against the released form.

Each way runs in a process of its own, so that its peak of memory is its own; both get the same
features and segments, and their losses and gradients are compared.
"""

import argparse
import multiprocessing
import resource
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.timing import Times, call, load
from mmwsss.models import SegmentContrastLoss


def full_resolution(features: Tensor, segments: Tensor) -> Tensor:
    """The released form: 256 channels at the size of the image, a column for every id."""
    x = F.interpolate(features, segments.shape[1:], mode='bilinear', align_corners=False)
    x, target = F.normalize(x, dim=1).flatten(2), segments.flatten(1)
    columns = int(target.max()) + 1
    index = target[:, None].expand(-1, x.shape[1], -1)
    sums = x.new_zeros(*x.shape[:2], columns).scatter_add_(2, index, x.detach())
    count = x.new_zeros(len(x), columns).scatter_add_(1, target, torch.ones_like(x[:, 0]))
    prototypes = F.normalize(sums / count.clamp(min=1)[:, None], dim=1)
    logits = torch.einsum('bdn,bdp->bnp', prototypes, x)
    return F.cross_entropy(logits, target, ignore_index=0)


def low_resolution(features: Tensor, segments: Tensor) -> Tensor:
    """Ours."""
    return SegmentContrastLoss()(features, segments)


WAYS = {'full resolution': full_resolution, 'low resolution': low_resolution}


def batch(images: int, ids: int, size: int) -> tuple[Tensor, Tensor]:
    """Features after a ReLU and segments that are blocks. Shapes: (B, 256, s, s), (B, S, S)."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn(images, 256, size // 8, size // 8, generator=random).add_(0.2).relu_()
    blocks = torch.randint(0, ids, (images, 16, 16), generator=random)
    side = size // 16
    return features, blocks.repeat_interleave(side, 1).repeat_interleave(side, 2)


def measure(name: str, shape: tuple[int, int, int]) -> tuple[float, Tensor, Times, float]:
    """Loss, gradient, times and MiB above what the process held before."""
    torch.set_num_threads(1)
    features, segments = batch(*shape)
    features.requires_grad_()
    small = batch(1, 3, 32)
    WAYS[name](small[0].requires_grad_(), small[1]).backward()  # what is loaded on first use

    def step() -> Tensor:
        loss = WAYS[name](features, segments)
        loss.backward()
        return loss

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loss, times = call(step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return loss.item(), features.grad.numpy(), times, peak / 2**10


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    """Run both; the ratios of CPU times and of peaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=8)
    parser.add_argument('--ids', type=int, default=100)
    parser.add_argument('--size', type=int, default=256)
    args = parser.parse_args(argv)
    print(f'{args.images} images {args.size}x{args.size}, {args.ids} ids, {load()}')
    results: dict[str, Any] = {}
    for name in WAYS:
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            results[name] = pool.apply(measure, (name, (args.images, args.ids, args.size)))
        print(f'{name:16} {results[name][2]} {results[name][3]:8.0f} MiB')
    (loss, gradient, slow, large), (other, found, fast, small) = results.values()
    difference = abs(gradient - found).max() / abs(gradient).max()
    if abs(loss - other) > 1e-5 or difference > 1e-4:
        raise SystemExit(f'losses {loss} and {other}, gradients differ by {difference:.1e}')
    ratios = slow.cpu / fast.cpu, large / max(small, 1e-6)
    print(
        f'ratios {ratios[0]:.1f} (CPU) and {ratios[1]:.1f} (memory); losses differ by '
        f'{abs(loss - other):.1e}, gradients by {difference:.1e} of the largest'
    )
    return ratios


if __name__ == '__main__':
    main()
