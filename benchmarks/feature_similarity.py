"""ICAM's feature-similarity loss by rows of pairs against a tensor of all pairs and loops.

Each way runs in a process of its own, so that its peak of memory is its own; all get the same
probabilities and images, and their losses and gradients are compared. ``neighbours`` is a double
loop over the offsets up to three deviations, which cuts the Gaussian off.
"""

import argparse
import math
import multiprocessing
import resource
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.timing import Times, call, load
from mmwsss.models import FeatureSimilarityLoss

MU, SIGMA, EPS = 2.5, 5.0, 1e-5


def gate(far: Tensor) -> Tensor:
    """As the description has it."""
    far = (far / 3).clamp(0, 1)
    return torch.tanh(MU + torch.log((far + EPS) / (1 - far + EPS)))


def all_pairs(probs: Tensor, images: Tensor) -> Tensor:
    """One tensor of all pairs, (N, C + 1, h w, h w), as the formula stands."""
    n, _, h, w = probs.shape
    x, q = images.flatten(2), probs.flatten(2)
    y, column = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
    place = torch.stack([y, column], -1).view(-1, 2).float()
    near = (-0.5 * (torch.cdist(place, place) / SIGMA) ** 2).exp() / (2 * math.pi * SIGMA**2)
    far = (x[..., None] - x[:, :, None]).abs().sum(1)
    unlike = (q[..., None] - q[:, :, None]).square().sum(1)
    return -(near * unlike * gate(far)).sum() / (n * h * w)


def channel_loop(probs: Tensor, images: Tensor) -> Tensor:
    """The same with a loop over images and channels: tensors of (h w, h w)."""
    n, _, h, w = probs.shape
    y, column = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
    place = torch.stack([y, column], -1).view(-1, 2).float()
    near = (-0.5 * (torch.cdist(place, place) / SIGMA) ** 2).exp() / (2 * math.pi * SIGMA**2)
    total = probs.new_zeros(())
    for q, x in zip(probs.flatten(2), images.flatten(2), strict=True):
        far = sum((own[:, None] - own).abs() for own in x)
        unlike = sum((own[:, None] - own).square() for own in q)
        total = total - (near * unlike * gate(far)).sum()
    return total / (n * h * w)


def neighbours(probs: Tensor, images: Tensor) -> Tensor:
    """A double loop over offsets; farther pairs than three deviations are left out."""
    n, _, h, w = probs.shape
    reach, total = int(3 * SIGMA), probs.new_zeros(())
    for dy in range(min(reach, h - 1) + 1):
        for dx in range(-min(reach, w - 1), min(reach, w - 1) + 1):
            if (dy == 0 and dx <= 0) or dy * dy + dx * dx > reach * reach:
                continue
            here = (..., slice(0, h - dy), slice(max(0, -dx), w - max(0, dx)))
            there = (..., slice(dy, h), slice(max(0, dx), w - max(0, -dx)))
            near = math.exp(-0.5 * (dy * dy + dx * dx) / SIGMA**2) / (2 * math.pi * SIGMA**2)
            far = (images[here] - images[there]).abs().sum(1)
            unlike = (probs[here] - probs[there]).square().sum(1)
            total = total - 2 * near * (unlike * gate(far)).sum()
    return total / (n * h * w)


def rows(probs: Tensor, images: Tensor) -> Tensor:
    """Ours."""
    return FeatureSimilarityLoss(mu=MU, sigma=SIGMA)(probs, images)


WAYS = {
    'all pairs': all_pairs,
    'loop over channels': channel_loop,
    'loop over neighbours': neighbours,
    'rows of pairs': rows,
}


def batch(images: int, classes: int, size: int) -> tuple[Tensor, Tensor]:
    """Probabilities and images of a few flat areas. Shapes: (B, C, s, s), (B, 3, s, s)."""
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(images, classes, size, size, generator=random)
    blocks = torch.rand(images, 3, -(-size // 8), -(-size // 8), generator=random)
    x = blocks.repeat_interleave(8, 2).repeat_interleave(8, 3)[..., :size, :size]
    x = (x + 0.05 * torch.randn(x.shape, generator=random)).clamp(0, 1)
    return logits.softmax(1), x


def measure(name: str, shape: tuple[int, int, int]) -> tuple[float, Tensor, Times, float]:
    """Loss, gradient, times and MiB above what the process held before."""
    torch.set_num_threads(1)
    small, images = batch(1, 3, 6)
    WAYS[name](small.requires_grad_(), images).backward()  # what is loaded on first use
    probs, images = batch(*shape)
    probs.requires_grad_()

    def step() -> Tensor:
        loss = WAYS[name](probs, images)
        loss.backward()
        return loss

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loss, times = call(step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return loss.item(), probs.grad.numpy(), times, peak / 2**10


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Run all; the ratios of their CPU times to ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=1)
    parser.add_argument('--classes', type=int, default=21)
    parser.add_argument('--size', type=int, default=56)
    parser.add_argument('--ways', nargs='+', choices=list(WAYS), default=list(WAYS))
    args = parser.parse_args(argv)
    print(f'{args.images} images, grid {args.size}x{args.size}, {args.classes} classes, {load()}')
    results: dict[str, Any] = {}
    for name in dict.fromkeys([*args.ways, 'rows of pairs']):
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            shape = (args.images, args.classes, args.size)
            results[name] = pool.apply(measure, (name, shape))
        loss, _, times, peak = results[name]
        print(f'{name:22} loss {loss:.7f} {times} peak {peak:8.1f} MiB')
    own = results['rows of pairs']
    for name, (loss, gradient, _, _) in results.items():
        off = abs(gradient - own[1]).max() / abs(own[1]).max()
        print(
            f'{name:22} loss off by {abs(loss - own[0]):.2g}, gradient by {off:.2g} of its maximum'
        )
    return {name: result[2].cpu / own[2].cpu for name, result in results.items()}


if __name__ == '__main__':
    for name, ratio in main().items():
        print(f'CPU time of {name} over ours: {ratio:.1f}')
