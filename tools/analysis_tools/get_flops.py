"""Count the operations and parameters of a config's network, for a photo of one size.

    python tools/analysis_tools/get_flops.py configs/cam/cam_r50_voc.py --shape 512 512

It counts what the network computes in evaluation mode for one photo at one scale: no test-time
scales, no refiner, no post-processing. Two FLOPs are one multiply-add, as in most papers' "FLOPs".
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from torch.utils.flop_counter import FlopCounterMode

from mmwsss.config.key_value import KeyValue
from mmwsss.engine import StageFailed
from mmwsss.engine.auto_classes import resolve_num_classes
from mmwsss.engine.cli import readable_errors
from mmwsss.engine.launch import load_config
from mmwsss.registry import MODELS


def main(argv: Sequence[str] | None = None) -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of a stage with a network')
    parser.add_argument(
        '--shape', type=int, nargs='+', default=[512, 512], help='height and width (512 512)'
    )
    parser.add_argument('--table', action='store_true', help='by parts of the network')
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE')
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    args = parser.parse_args(argv)
    height, width = args.shape if len(args.shape) == 2 else args.shape[:1] * 2
    if len(args.shape) > 2 or min(height, width) < 1:
        parser.error(f'--shape is a height and a width in pixels, found {args.shape}')
    with readable_errors(args.debug):
        cfg = load_config(args.config, cfg_options=args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmwsss'))
        resolve_num_classes(cfg)
        model = revert_sync_batchnorm(MODELS.build(cfg.model)).eval()
        parameters = sum(parameter.numel() for parameter in model.parameters())
        if not parameters:
            raise StageFailed(f'{type(model).__name__} is no network: it has no parameters')
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            model(torch.rand(1, 3, height, width), None, mode='tensor')
    if args.table:
        for name, counts in counter.get_flop_counts().items():
            if 0 < name.count('.') <= 2:  # parts and their parts
                print(f'{sum(counts.values()) / 2e6:12.3f} M  {name}')
    flops = counter.get_total_flops()
    print(f'input {height} x {width} (height x width)')
    print(f'multiply-adds {flops / 2e9:.3f} G (FLOPs {flops / 1e9:.3f} G)')
    print(f'parameters {parameters / 1e6:.3f} M')


if __name__ == '__main__':
    main()
