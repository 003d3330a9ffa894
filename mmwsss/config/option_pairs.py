"""Options of command lines that nothing would read beside others."""

from __future__ import annotations

import argparse


def refuse_unread(
    parser: argparse.ArgumentParser, args: argparse.Namespace, *options: str, why: str
) -> None:
    """Report options that were given although nothing reads them; the parser then ends the process.

    Args:
        parser: What has read the command line.
        args: What it has read.
        options: Long names of options, such as ``--nan-to-zero``.
        why: Where that is so, as the end of a sentence: 'without --format'.
    """
    names = {option: option.lstrip('-').replace('-', '_') for option in options}
    given = [
        option for option, name in names.items() if getattr(args, name) != parser.get_default(name)
    ]
    if given:
        parser.error(f'nothing would read {", ".join(given)} {why}')
