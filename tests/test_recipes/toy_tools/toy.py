"""Command line and config of the toys, without the imports that would take most of their time."""

import argparse
import runpy
from pathlib import Path


def read(*arguments):
    """Returns (command line, config)."""
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('--work-dir', type=Path)
    parser.add_argument('--launcher', default='none')
    for names, options in arguments:
        parser.add_argument(*names, **options)
    args = parser.parse_args()
    return args, runpy.run_path(args.config)
