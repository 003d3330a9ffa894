"""Training steps of S2C at the published size: time and peak of memory.

Random photos, segments and weights; all three losses. On a GPU with ``--device cuda``, SAM and
network in bfloat16 with ``--bf16``.
"""

import argparse
import resource
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from benchmarks.timing import Times, load, timed
from mmwsss.models import S2C
from mmwsss.registry import MODELS

CONFIG = Path(__file__).parents[1] / 'configs/s2c/s2c_r38_voc.py'


def build(
    arch: str | dict, *, bf16: bool, one_by_one: bool, base_channels: int
) -> tuple[S2C, Config]:
    """The published config's model without its weights."""
    config = Config.fromfile(CONFIG)
    sam = config.model.point_decoder.sam
    sam.arch, sam.checkpoint, sam.images_per_pass = arch, None, 1 if one_by_one else None
    sam.dtype = 'bfloat16' if bf16 else 'float32'
    config.model.backbone.init_cfg = None
    config.model.backbone.base_channels = base_channels
    config.model.head.in_channels = 64 * base_channels
    return MODELS.build(config.model).train(), config


def batch(images: int, size: int, ids: int) -> dict:
    """As the data loader gives it."""
    random = torch.Generator().manual_seed(0)
    inputs, samples = [], []
    for number in range(images):
        inputs.append(torch.randint(0, 256, (3, size, size), generator=random, dtype=torch.uint8))
        sample = SegDataSample(gt_label=torch.zeros(20))
        sample.gt_label[[number % 20, (3 * number) % 20]] = 1
        blocks = torch.randint(0, ids, (1, 16, 16), generator=random)
        segments = blocks.repeat_interleave(size // 16, 1).repeat_interleave(size // 16, 2)
        sample.segments = PixelData(data=segments)
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def main(argv: Sequence[str] | None = None) -> Times:
    """Run; the times of a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--arch', default='vit_b', help='of SAM')
    parser.add_argument('--batch', type=int, default=8)
    parser.add_argument('--size', type=int, default=256)
    parser.add_argument('--channels', type=int, default=64, help='of the stem; 64 is ResNet-38d')
    parser.add_argument('--steps', type=int, default=1)
    parser.add_argument('--warm-up', type=int, default=0, help='steps before')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--bf16', action='store_true')
    args = parser.parse_args(argv)
    arch = args.arch
    if arch == 'tiny':
        from benchmarks.everything_mode import TINY as arch
    cuda = torch.device(args.device).type == 'cuda'
    # On a CPU the encoder's images one by one: the others' activations only take memory.
    model, config = build(arch, bf16=args.bf16, one_by_one=not cuda, base_channels=args.channels)
    model.to(args.device)
    wrapper = config.optim_wrapper
    if args.bf16:
        wrapper.update(type='AmpOptimWrapper', dtype='bfloat16')
    optimizer = build_optim_wrapper(model, wrapper)
    data = batch(args.batch, args.size, ids=100)
    print(f'SAM {args.arch}, {args.batch} x {args.size}x{args.size}, {load()}')
    MessageHub.get_current_instance().update_info('epoch', model.cpm_begin)
    try:
        for _ in range(args.warm_up):
            model.train_step(data, optimizer)
        if cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        with timed() as times:
            for _ in range(args.steps):
                losses = model.train_step(data, optimizer)
            if cuda:
                torch.cuda.synchronize()
    finally:
        MessageHub.get_current_instance().update_info('epoch', 0)
    times.cpu /= args.steps
    times.wall /= args.steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if cuda:
        peak = torch.cuda.max_memory_allocated() / 2**30
    values = ', '.join(f'{name} {value.item():.3f}' for name, value in losses.items())
    print(f'{values}\na step {times}; {args.batch / times.wall:.2f} images/s; peak {peak:.1f} GiB')
    return times


if __name__ == '__main__':
    main()
