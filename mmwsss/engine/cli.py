"""Command-line code shared by ``tools/train.py`` and ``tools/test.py``."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from mmwsss.config.key_value import KeyValue
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.explain import explain
from mmwsss.engine.launch import LAUNCHERS
from mmwsss.torchrun import leave_failure, torchrun_command

_MAX_SEED = 2**32 - 1
# Where a launcher says how many processes it has started.
_STARTED = {'pytorch': 'WORLD_SIZE', 'slurm': 'SLURM_NTASKS'}
# Options that set a key of the config, or replace what it says.
_KEYS = {
    'seed': 'randomness.seed',
    'work_dir': 'work_dir',
    'total_batch': 'batch.total',
    'resume': 'load_from',
    'checkpoint': 'load_from',
}


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_SEED:
        raise argparse.ArgumentTypeError(f'a seed is 0 to {_MAX_SEED}, found {text!r}')
    return int(text)


def _processes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'at least one process is expected, found {text}')
    return int(text)


def stage_parser(description: str) -> argparse.ArgumentParser:
    """Make a parser with the options that training and testing have in common."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file of the stage')
    parser.add_argument('--work-dir', help='folder of the run (default: work_dirs/<config name>)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValue,
        metavar='KEY=VALUE',
        help='values over those of the config: train_cfg.max_epochs=5 key="[(a,b),(c,d)]"',
    )
    parser.add_argument(
        '--gpus',
        '--nproc',
        dest='nproc',
        type=_processes,
        help='processes on this machine, one a GPU where there are GPUs (1)',
    )
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='default: none')
    parser.add_argument('--seed', type=_seed, help="default: the config's")
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='unpickle checkpoints fully, which may run code in them: only for files you trust',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    return parser


def start_processes(script: str, args: argparse.Namespace) -> None:
    """Where several processes are asked for, become the launcher that starts them.

    Args:
        script: The tool, which is called in each process with the same command line.
        args: What :func:`stage_parser` has read.

    Raises:
        StageFailed: Two options say different things.
    """
    _refuse_doubles(args)
    if args.nproc is None:
        return
    started = os.environ.get(_STARTED.get(args.launcher, ''))
    if started is not None and int(started) != args.nproc:
        raise StageFailed(
            f'--gpus {args.nproc}, but --launcher {args.launcher} finds {started} processes that '
            'were started already: leave --gpus out'
        )
    wanted = args.launcher == 'pytorch' or (args.launcher == 'none' and args.nproc > 1)
    if started is None and wanted:
        command = [*torchrun_command(args.nproc), script, *sys.argv[1:], '--launcher', 'pytorch']
        os.execv(command[0], command)


def _refuse_doubles(args: argparse.Namespace) -> None:
    for name, key in _KEYS.items():
        value, (part, _, inner) = getattr(args, name, None), key.partition('.')
        options = args.cfg_options or {}
        other = options.get(key)
        if other is None and inner and isinstance(options.get(part), dict):
            other = options[part].get(inner)
        if None not in (value, other) and str(value) != str(other):
            option = name if name == 'checkpoint' else f'--{name.replace("_", "-")}'
            raise StageFailed(
                f'{option} {value} and --cfg-options {key}={other} say two things: leave one out'
            )


@contextmanager
def readable_errors(debug: bool = False) -> Iterator[None]:
    """Turn errors with a self-explanatory message into that message and exit code 1.

    In one of several processes the launcher prints it, and the traceback of other errors, once
    for all (:mod:`mmwsss.torchrun`).

    Args:
        debug: Let them through, with their tracebacks.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        text = None if debug else explain(error)
        if leave_failure(text or traceback.format_exc().rstrip()):
            raise SystemExit(1) from error
        if text is None:
            raise
        print(f'error: {text}', file=sys.stderr)
        raise SystemExit(1) from error
