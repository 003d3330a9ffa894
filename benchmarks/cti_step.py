"""A training step of CTI against the released form: four full passes, one after the other.

The released form runs the whole network for each pass, keeps the attention of all heads and blocks
of each, and spreads maps along it that nobody reads. Ours is one batch that shares what is not
random and sees the attention that the losses need. Each way runs in a process of its own, so that
its peak of memory is its own. Where no branch is left out at random (``--drop-path 0``), losses and
gradients are compared.
"""

import argparse
import multiprocessing
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from torch import Tensor

from benchmarks.timing import Times, call, load
from mmwsss.models import CTI
from mmwsss.models.backbones.class_token_layer import ClassTokenLayer
from mmwsss.registry import MODELS

CONFIG = Path(__file__).parents[1] / 'configs/cti/cti_deit-s_voc.py'


def build(args: argparse.Namespace, share: bool) -> CTI:
    """The published config's model without its weights, its memory full."""
    config = Config.fromfile(CONFIG).model
    config.backbone.init_cfg = None
    config.backbone.drop_path_rate = args.drop_path
    config.backbone.img_size = args.size
    config.share_prefix = share
    if args.blocks is not None:  # a small network, to try the script out
        sizes = dict(embed_dims=24, num_heads=3, feedforward_channels=48)
        config.backbone.arch = dict(sizes, num_layers=args.blocks)
        config.head.in_channels = 24
    torch.manual_seed(0)
    model = MODELS.build(config).train()
    model.memory.tokens.normal_()
    model.memory.seen.fill_(model.memory.size)
    return model


def block(layer: ClassTokenLayer, x: Tensor) -> tuple[Tensor, Tensor]:
    """A block and the attention of its heads."""
    attn = layer.attn
    q, k, v = attn.qkv(layer.ln1(x)).unflatten(-1, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
    weights = (q @ k.mT * q.shape[-1] ** -0.5).softmax(-1)
    x = x + attn.out_drop(attn.proj((weights @ v).transpose(1, 2).flatten(2)))
    return layer.ffn(layer.ln2(x), identity=x), weights


def full_pass(model: CTI, images: Tensor, infused: Tensor | None = None) -> dict[str, Any]:
    """The released form of a pass."""
    net = model.backbone
    k, stop = net.num_tokens, model.infuse_block + 1
    x, grid = net.embed(images)
    weights, tokens = [], None
    for index, layer in enumerate(net.layers):
        if index == stop:
            tokens = x[:, :k]
            if infused is not None:
                first = k - infused.shape[1]
                mixed = (x[:, first:k] + infused) / 2
                x = torch.cat([x[:, :first], mixed, x[:, k:]], 1)
        x, own = block(layer, x)
        weights.append(own)
    attention = torch.stack(weights).mean(2)
    out = net.split(x, grid)
    raw = model.head(out.patches)
    cams = raw.relu()
    last = attention[-model.bg_class_blocks :].sum(0)[:, :k, k:].unflatten(-1, grid)
    late = attention[stop:].sum(0)
    fcams = (cams * last).flatten(2)
    patches = late[:, k:, k:]
    refined = (patches[:, None] @ fcams[..., None]).view_as(cams)
    classes = late[:, :k, k:].unflatten(-1, grid)
    return dict(
        tokens=tokens,
        scores=model.scores(out.tokens, raw),
        cams=cams,
        last=last,
        patches=patches,
        crossed=cams * classes,
        refined=refined,
    )


def four_passes(model: CTI, weak: Tensor, strong: Tensor, tags: Tensor) -> dict[str, Tensor]:
    """The released form of a step's losses."""
    first, second = full_pass(model, weak), full_pass(model, strong)
    third = full_pass(model, weak, second['tokens'])
    own = first['tokens'][:, 1:].detach()
    model.memory.update(own, tags)
    fourth = full_pass(model, weak, model.memory.recall(own, tags))
    losses = {
        f'loss_scores{place}': F.multilabel_soft_margin_loss(scores, tags)
        for place, scores in enumerate((*first['scores'], *second['scores']))
    }
    losses['loss_bg'] = model.loss_bg(first['cams'], first['last'], first['patches'], tags)
    losses['loss_intra'] = model.loss_intra(first['cams'], third['cams'])
    losses['loss_cross'] = model.loss_cross(first['cams'][:, 1:], fourth['crossed'][:, 1:])
    return losses


def one_batch(model: CTI, weak: Tensor, strong: Tensor, tags: Tensor) -> dict[str, Tensor]:
    """Ours."""
    return model.losses(model.passes(weak, strong, tags, infuse=True), tags)


WAYS = {
    'four passes': (four_passes, False),
    'one batch': (one_batch, False),
    'one batch, prefix shared': (one_batch, True),
}


def measure(name: str, args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, Times, float]:
    """Losses, gradients, times of a step and GiB above what the process held before."""
    torch.set_num_threads(1)
    losses_of, share = WAYS[name]
    model = build(args, share).to(args.device)
    random = torch.Generator().manual_seed(1)
    views = torch.randn(2, args.batch, 3, args.size, args.size, generator=random)
    tags = (torch.rand(args.batch, model.num_classes, generator=random) < 0.08).float()
    weak, strong, tags = views[0].to(args.device), views[1].to(args.device), tags.to(args.device)
    cuda = torch.device(args.device).type == 'cuda'

    def step() -> dict[str, Tensor]:
        model.zero_grad()
        losses = losses_of(model, weak, strong, tags)
        sum(losses.values()).backward()
        if cuda:
            torch.cuda.synchronize()
        return losses

    for _ in range(args.warm_up):
        step()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    losses, times = call(step)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    if cuda:
        peak = torch.cuda.max_memory_allocated() / 2**30
    gradients = torch.cat([p.grad.flatten() for p in model.parameters()]).cpu().numpy()
    values = np.array([value.item() for value in losses.values()])
    return values, gradients, times, peak


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Run all; ratios of the times to that of the released form."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--drop-path', type=float, default=0.0)
    parser.add_argument('--blocks', type=int, help='of a thin network instead of DeiT-S')
    parser.add_argument('--warm-up', type=int, default=0, help='steps before')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args(argv)
    print(f'{args.batch} x {args.size}x{args.size}, drop path {args.drop_path}, {load()}')
    results, ratios = {}, {}
    for name in WAYS:
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            results[name] = pool.apply(measure, (name, args))
        losses, gradients, times, peak = results[name]
        print(f'{name:25} {times} {peak:6.2f} GiB')
        released = results['four passes']
        clock = 'cpu' if args.device == 'cpu' else 'wall'
        ratios[name] = getattr(released[2], clock) / getattr(times, clock)
        if args.drop_path:
            continue  # other branches are left out
        loss = abs(losses - released[0]).max()
        gradient = abs(gradients - released[1]).max() / abs(released[1]).max()
        if loss > 1e-4 or gradient > 1e-3:
            raise SystemExit(f'{name}: losses differ by {loss:.1e}, gradients by {gradient:.1e}')
        print(f'{"":25} losses differ by {loss:.1e}, gradients by {gradient:.1e} of the largest')
    print('ratios: ' + ', '.join(f'{name} {ratio:.2f}' for name, ratio in ratios.items()))
    return ratios


if __name__ == '__main__':
    main()
