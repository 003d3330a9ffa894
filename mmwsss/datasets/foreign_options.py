"""Command-line options for reading seeds of other projects."""

from __future__ import annotations

import argparse

from mmwsss.stores.foreign_formats import NORMALISE, ReadOptions


def add_read_options(parser: argparse.ArgumentParser, *, score_too: bool = False) -> None:
    """Add the options of :class:`ReadOptions`, and ``--ignore-tags``.

    Args:
        parser: Gets them.
        score_too: Let ``--background`` take a score, too.
    """
    group = parser.add_argument_group('how foreign seeds are meant')
    group.add_argument('--key', help='name of the maps in the dictionaries')
    group.add_argument(
        '--offset',
        type=int,
        help='number of the first foreground class (default: 0; 1 where 0 is the background)',
    )
    text = "first or none: whether the first map is the background's (default: numbers decide)"
    group.add_argument(
        '--background',
        nargs='+',
        type=_score_or_word if score_too else _word,
        default=[],
        metavar='SCORE|first|none' if score_too else 'first|none',
        help=text + '; a number: score chosen beforehand (default: the best)' * score_too,
    )
    group.add_argument(
        '--normalise',
        choices=NORMALISE,
        default='none',
        help='max: cut at 0, divide each class by its maximum; minmax: stretch each class; '
        'softmax: over all maps; byte: divide by 255',
    )
    group.add_argument('--nan-to-zero', action='store_true', help='take NaN for 0')
    group.add_argument(
        '--ignore-tags', action='store_true', help='do not compare class numbers with the tags'
    )


def read_options(args: argparse.Namespace) -> ReadOptions:
    """The options as given."""
    words = [value for value in args.background if isinstance(value, str)]
    return ReadOptions(
        key=args.key,
        offset=args.offset,
        background=words[-1] if words else 'auto',  # type: ignore[arg-type]
        normalise=args.normalise,
        nan_to_zero=args.nan_to_zero,
    )


def background_score(args: argparse.Namespace) -> float | None:
    """The score of the background, where one was given."""
    scores = [value for value in args.background if isinstance(value, float)]
    return scores[-1] if scores else None


def _word(text: str) -> str:
    if text not in ('auto', 'first', 'none'):
        raise argparse.ArgumentTypeError(f'{text!r} is none of auto, first, none')
    return text


def _score_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return _word(text)
