"""Measure how many photos a second a network tests, without the time for loading them.

    python tools/analysis_tools/benchmark.py configs/cam/cam_r18_shapes.py --photos 50

As mmseg's benchmark does it: the photos of test_dataloader go through its whole pipeline one at a
time, with all scales, mirror images and refiners that run on the device. Weights do not change the
speed and are not read.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope

from mmwsss.config.key_value import KeyValue
from mmwsss.engine import StageFailed, WSSSRunner
from mmwsss.engine.auto_classes import resolve_num_classes
from mmwsss.engine.cli import readable_errors
from mmwsss.engine.launch import load_config
from mmwsss.registry import MODELS


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of a stage')
    parser.add_argument('--photos', type=int, default=200, help='photos that are measured (200)')
    parser.add_argument('--warm-up', type=int, default=5, help='photos run first, not measured (5)')
    parser.add_argument('--device', help='e.g. cpu, cuda:1 (default: a GPU if there is one)')
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE')
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    args = parser.parse_args(argv)
    if args.photos < 1 or args.warm_up < 0:
        parser.error('--photos is at least 1, --warm-up at least 0')
    device = torch.device(args.device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    with readable_errors(args.debug):
        cfg = load_config(args.config, cfg_options=args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmwsss'))
        resolve_num_classes(cfg)
        if cfg.get('test_dataloader') is None:
            raise StageFailed(f'{args.config} has no test_dataloader, whose photos are taken')
        loader = WSSSRunner.build_dataloader(
            dict(cfg.test_dataloader, batch_size=1, num_workers=0, drop_last=False)
        )
        model = revert_sync_batchnorm(MODELS.build(cfg.model)).to(device).eval()
        rows = list(measure(model, loader, device, args.warm_up + args.photos))[args.warm_up :]
    if not rows:
        raise SystemExit(
            f'error: {len(loader)} photos are there and {args.warm_up} are for warming up: '
            'give a smaller --warm-up'
        )
    loading, network = np.array(rows).T * 1e3
    where = torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU'
    print(f'{len(rows)} photos one by one, {where}, {torch.get_num_threads()} threads')
    print(
        f'network {1e3 / network.mean():.2f} photos/s: {network.mean():.1f} ms, median '
        f'{np.median(network):.1f}, 95 % below {np.percentile(network, 95):.1f}'
    )
    print(f'loading {loading.mean():.1f} ms a photo, in one process')
    if device.type == 'cuda':
        print(f'memory {torch.cuda.max_memory_allocated(device) / 2**20:.0f} MiB at most')


@torch.no_grad()
def measure(
    model: torch.nn.Module, loader: Any, device: torch.device, count: int
) -> Iterator[tuple[float, float]]:
    """Yield seconds of loading and of the network, photo by photo."""

    def now() -> float:
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        return time.perf_counter()

    photos = iter(loader)
    for _ in range(min(count, len(loader))):
        begun = now()
        batch = next(photos)
        loaded = now()
        model.test_step(batch)
        yield loaded - begun, now() - loaded


if __name__ == '__main__':
    main()
