"""Make captions from class names, and match a grounding detector's boxes to class names."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

#: How a box gets its class, see :func:`match_phrase` and :func:`match_spans`.
RULES = ('first', 'longest', 'spans')
NO_NAME = -1


def make_caption(names: Sequence[str]) -> str:
    """Make a caption such as ``'dog. hot dog.'``: lower case, names separated by full stops."""
    text = '. '.join(names).lower().strip()
    return text if text.endswith('.') else f'{text}.'


def split_names(
    names: Sequence[str], count_tokens: Callable[[str], int], max_tokens: int
) -> list[list[int]]:
    """Split names over as few captions as possible, none too long for the text encoder.

    Args:
        names: Names in order.
        count_tokens: Tokens of a caption, special ones counted.
        max_tokens: What the text encoder takes; it would cut the rest off.

    Returns:
        Indices of the names of each caption, in order.

    Raises:
        ValueError: One name alone is too long.
    """
    parts: list[list[int]] = []
    for index, name in enumerate(names):
        longer = [*parts[-1], index] if parts else []
        if longer and count_tokens(make_caption([names[i] for i in longer])) <= max_tokens:
            parts[-1] = longer
            continue
        if (found := count_tokens(make_caption([name]))) > max_tokens:
            raise ValueError(
                f'the name {name!r} has {found} tokens, the text encoder takes {max_tokens}: '
                'shorten it'
            )
        parts.append([index])
    return parts


class Kept(NamedTuple):
    """Boxes with a score above the threshold.

    Args:
        boxes: ``(x1, y1, x2, y2)`` in fractions of the image, unclipped. Shape: (n, 4).
        scores: Greatest probability over all token slots. Shape: (n,).
        tokens: Probabilities of the token slots. Shape: (n, T).
    """

    boxes: Tensor
    scores: Tensor
    tokens: Tensor


def keep_boxes(logits: Tensor, boxes: Tensor, threshold: float) -> Kept:
    """Select queries by their best token, in query order; no suppression, no limit.

    Args:
        logits: Of each query and token slot. Shape: (Q, T).
        boxes: ``(cx, cy, w, h)`` in fractions of the image. Shape: (Q, 4).
        threshold: Probability above which a box is kept.
    """
    chances = logits.sigmoid()
    scores = chances.amax(1)
    keep = scores > threshold
    centre, half = boxes[keep, :2], boxes[keep, 2:] / 2
    return Kept(torch.cat([centre - half, centre + half], 1), scores[keep], chances[keep])


def phrase_tokens(chances: Tensor, threshold: float) -> list[list[int]]:
    """Token slots that each box points at. Shape: (n, T) to n lists."""
    return [row.nonzero().flatten().tolist() for row in chances > threshold]


def match_phrase(phrase: str, names: Sequence[str], rule: str = 'longest') -> int:
    """Find the name that a decoded phrase stands for.

    Args:
        phrase: Decoded tokens, without full stops.
        names: Names in order; compared in lower case.
        rule: ``'first'``, as published: the first name in order that is part of the phrase, so
            that "hot dog" is a dog and "carrot" a car. ``'longest'``: the longest of them.

    Returns:
        Index of the name, -1 for none.
    """
    if rule not in ('first', 'longest'):
        raise ValueError(f"rule is 'first' or 'longest', found {rule!r}")
    parts = [i for i, name in enumerate(names) if name.lower().strip() in phrase]
    if not parts:
        return NO_NAME
    return parts[0] if rule == 'first' else max(parts, key=lambda i: (len(names[i]), -i))


def match_spans(chances: Tensor, spans: Sequence[Sequence[int]], threshold: float) -> list[int]:
    """Find the name whose own tokens a box points at most.

    Args:
        chances: Probabilities of token slots. Shape: (n, T).
        spans: Token slots of each name in the caption.
        threshold: A box is of no name where no token of one exceeds this.

    Returns:
        Index of the name for each box, -1 for none.
    """
    best = torch.stack([chances[:, list(span)].amax(1) for span in spans], 1)
    value, place = best.max(1)
    return torch.where(value > threshold, place, NO_NAME).tolist()


def find_spans(names: Sequence[str], offsets: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Token slots of each name in the caption that :func:`make_caption` makes of them.

    Args:
        names: The names.
        offsets: First and last (exclusive) character of each token; special ones are empty.

    Raises:
        ValueError: A name has no token.
    """
    spans, start = [], 0
    for name in names:
        end = start + len(name.strip())
        spans.append([i for i, (a, b) in enumerate(offsets) if a < b and a >= start and b <= end])
        if not spans[-1]:
            raise ValueError(f'the tokenizer makes nothing of the name {name!r}')
        start += len(name) + 2
    return spans
