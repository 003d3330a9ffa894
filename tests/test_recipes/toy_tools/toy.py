"""Command line and config of the toys, without the imports that would take most of their time."""

import argparse
import ast
import runpy
from contextlib import suppress
from pathlib import Path


def read(*arguments):
    """Returns (command line, config)."""
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('--work-dir', type=Path)
    parser.add_argument('--launcher', default='none')
    parser.add_argument('--cfg-options', nargs='+', default=[])
    for names, options in arguments:
        parser.add_argument(*names, **options)
    args = parser.parse_args()
    cfg = runpy.run_path(args.config)
    for option in args.cfg_options:
        key, value = option.split('=', 1)
        *path, last = key.split('.')
        node = cfg
        for name in path:
            node = node[int(name)] if isinstance(node, list) else node.setdefault(name, {})
        with suppress(SyntaxError, ValueError):
            value = ast.literal_eval(value)
        node[last] = value
    return args, cfg
