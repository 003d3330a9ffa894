"""What ``tools/train.py`` and ``tools/test.py`` share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.config import DictAction

from mmwsss.compat import MissingOpError
from mmwsss.config import ConfigError
from mmwsss.datasets.errors import DataError
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.launch import LAUNCHERS
from mmwsss.stores import StoreError
from mmwsss.weights import WeightsError

_EXPLAINED = (
    ConfigError,
    StageFailed,
    DataError,
    StoreError,
    MissingOpError,
    WeightsError,
    FileNotFoundError,
)


def stage_parser(description: str) -> argparse.ArgumentParser:
    """Make a parser with the options that training and testing have in common."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file of the stage')
    parser.add_argument('--work-dir', help='folder of the run (default: work_dirs/<config name>)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='values over those of the config: train_cfg.max_epochs=5 key="[(a,b),(c,d)]"',
    )
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='default: none')
    parser.add_argument('--seed', type=int, help="default: the config's")
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='unpickle checkpoints at large; only for files whose author you trust',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of any error')
    return parser


@contextmanager
def readable_errors(debug: bool = False) -> Iterator[None]:
    """Turn the errors that explain themselves into a message and exit code 1.

    Args:
        debug: Let them through, with their tracebacks.
    """
    try:
        yield
    except _EXPLAINED as error:
        if debug:
            raise
        # An error in a DataLoader's worker arrives as text with its traceback, message last.
        message = str(error).rsplit(f'{type(error).__name__}: ', 1)[-1].strip()
        print(f'error: {message}', file=sys.stderr)
        raise SystemExit(1) from error
