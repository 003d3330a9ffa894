"""GradCAM of all present classes with its gradient: one backward pass each, and one for all.

Both ways encode the images alike and start from the same text features; the first differentiates
the probability of one pair of image and class after the other through the last block of the whole
batch and keeps the graph of each gradient, as one would write it. The loss is the CAM activation
loss on random label maps; what is compared are the maps and the gradient of the text features.

Example: ``python -m benchmarks.grad_cam --images 8 --classes 2``
"""

import argparse
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.timing import Times, call, load
from mmwsss.models import CLIP, FMA, CAMActivationLoss
from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.ops.grad_cam import masked_softmax

TINY = dict(
    embed_dim=32,
    image_resolution=64,
    vision_layers=3,
    vision_width=64,
    transformer_width=32,
    transformer_heads=1,
    transformer_layers=1,
)


def one_by_one(model: FMA, image: CLIPTokens, tags: Tensor, text: Tensor) -> Tensor:
    """Maps of all pairs, (P, h, w): a backward pass for each."""
    hidden = image.hidden.detach().requires_grad_()
    features = F.normalize(model.clip.features(image.tokens, hidden), dim=-1)
    probability = masked_softmax(model.clip.scale * features @ text.T, model.softmax_mask(tags))
    maps = []
    for number, index in tags.nonzero().tolist():
        (gradient,) = torch.autograd.grad(
            probability[number, index], hidden, create_graph=text.requires_grad, retain_graph=True
        )
        weight = gradient[number, 1:].mean(0)
        maps.append((hidden[number, 1:].detach() * weight).sum(-1).unflatten(0, image.grid))
    return torch.stack(maps)


def step(model: FMA, method, x: Tensor, tags: Tensor, label: Tensor, text: Tensor):
    """Images to maps and to the gradient of the text features."""
    text = text.clone().requires_grad_()
    cam = method(model, model.clip.encode(x), tags, text)
    sum(CAMActivationLoss()(cam, tags, label)).backward()
    return cam.detach(), text.grad


def infer(model: FMA, method, x: Tensor, tags: Tensor, text: Tensor):
    """Images to maps, without a gradient."""
    return method(model, model.clip.encode(x), tags, text)


def relative(got: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    return float((got - expected).abs().max() / expected.abs().max())


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Ratios of CPU seconds by task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=8)
    parser.add_argument('--classes', type=int, default=2, help='in each image')
    parser.add_argument('--size', type=int, default=224, help='side of the images')
    parser.add_argument('--tiny', action='store_true', help='a tiny CLIP instead of ViT-B/16')
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    clip = CLIP(arch=TINY if args.tiny else 'ViT-B-16-quickgelu')
    names = [f'class {k}' for k in range(20)]
    prompts = dict(names=names, background=[f'thing {k}' for k in range(25)])
    model = FMA(clip, prompts, num_classes=20)
    x = torch.randn(args.images, 3, args.size, args.size)
    tags = torch.zeros(args.images, 20)
    for number in range(args.images):
        tags[number, torch.randperm(20)[: args.classes]] = 1
    label = torch.randint(0, 21, (args.images, args.size, args.size))
    text = F.normalize(torch.randn(45, clip.sizes.embed_dim), dim=-1)
    pairs = int(tags.sum())
    print(f'{args.images} images {args.size}x{args.size}, {pairs} pairs, {load()}')
    _, plain = call(clip.encode, x)
    print(f'all blocks but the last, without a graph: {plain}')
    results = {}
    with torch.no_grad():
        model.grad_cam(clip.encode(x[:1]), tags[:1], text)  # warm
    for task, one in (('training', step), ('inference', infer)):
        data = (x, tags, label, text) if task == 'training' else (x, tags, text)
        slow_result, slow = call(one, model, one_by_one, *data)
        fast_result, fast = call(one, model, FMA.grad_cam, *data)
        results[task] = slow.cpu / fast.cpu
        if task == 'inference':
            slow_result, fast_result = (slow_result,), (fast_result,)
        differences = [
            relative(got.detach(), expected.detach())
            for got, expected in zip(fast_result, slow_result, strict=True)
        ]
        report(task, slow, fast, plain, differences)
    return results


def report(task: str, slow: Times, fast: Times, plain: Times, differences: list[float]) -> None:
    """Print a task's rows; refuse results that differ."""
    if max(differences) > 1e-4:
        raise SystemExit(f'{task}: results differ by {max(differences):.1e} of the largest')
    print(f'{task}: one by one  {slow}\n{task}: all at once {fast}')
    found = ', '.join(f'{value:.1e}' for value in differences)
    rest = (slow.cpu - plain.cpu) / max(fast.cpu - plain.cpu, 1e-9)
    print(f'ratio {slow.cpu / fast.cpu:.1f} (CPU), {rest:.1f} without the encoding')
    print(f'maps, gradients differ by {found}')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
