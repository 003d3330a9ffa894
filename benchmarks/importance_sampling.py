"""ICAM's sampling loss in one draw and one gather against drawing one by one."""

import argparse
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.timing import Times, call, load
from mmwsss.models import ImportanceSamplingLoss
from mmwsss.ops.probability import squeezed_logit


def one_by_one(probs: Tensor, tags: Tensor, samples: int) -> Tensor:
    """A draw, a look-up and a loss for every sample of every class of every image."""
    losses = []
    for maps, labels in zip(probs.flatten(2), tags, strict=True):
        for own, label in zip(maps[1:], labels, strict=True):
            for _ in range(samples):
                place = torch.multinomial(own.detach(), 1)
                logit = squeezed_logit(own[place])
                losses.append(F.binary_cross_entropy_with_logits(logit, label[None]))
    return torch.stack(losses).mean()


def sample_by_sample(probs: Tensor, tags: Tensor, samples: int) -> Tensor:
    """All classes of all images at once, but one sample after the other."""
    total = probs.new_zeros(())
    rows = probs[:, 1:].flatten(2)
    for _ in range(samples):
        place = torch.multinomial(rows.detach().flatten(0, 1), 1).view(*rows.shape[:2], 1)
        logits = squeezed_logit(rows.gather(2, place)[..., 0])
        total = total + F.multilabel_soft_margin_loss(logits, tags)
    return total / samples


def at_once(probs: Tensor, tags: Tensor, samples: int) -> Tensor:
    """Ours."""
    return ImportanceSamplingLoss(num_samples=samples)(probs, tags)


REPEATS = {'one by one': 1, 'sample by sample': 1, 'at once': 20}
WAYS = {
    'one by one': one_by_one,
    'sample by sample': sample_by_sample,
    'at once': at_once,
}


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Run all; the ratios of their CPU times to ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=8)
    parser.add_argument('--classes', type=int, default=20)
    parser.add_argument('--size', type=int, default=56)
    parser.add_argument('--samples', type=int, default=100)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = (args.images, args.classes + 1, args.size, args.size)
    probs = (2 * torch.randn(shape)).softmax(1).requires_grad_()
    tags = (torch.rand(args.images, args.classes) < 0.1).float()
    print(
        f'{args.images} images, {args.classes} classes, grid {args.size}x{args.size}, '
        f'{args.samples} samples, {load()}'
    )
    exact = ImportanceSamplingLoss(num_samples=None)(probs, tags)
    print(f'expectation {exact.item():.4f}')
    results: dict[str, Times] = {}
    for name, way in WAYS.items():

        def steps(way=way, count=REPEATS[name]) -> Tensor:
            for _ in range(count):
                loss = way(probs, tags, args.samples)
                loss.backward()
            return loss

        way(probs[:1], tags[:1], 1).backward()  # what is loaded on first use
        loss, times = call(steps)
        results[name] = Times(*(seconds / REPEATS[name] for seconds in (times.cpu, times.wall)))
        own = results[name]
        print(f'{name:18} loss {loss.item():.4f} {own.cpu:8.4f} CPU s {own.wall:8.4f} s')
    return {name: times.cpu / results['at once'].cpu for name, times in results.items()}


if __name__ == '__main__':
    for name, ratio in main().items():
        print(f'CPU time of {name} over ours: {ratio:.1f}')
