"""Decode COCO's run-length codes, with checks.

The decoder of pycocotools trusts a code; a damaged one makes it read past its end.
"""

from typing import Any

import numpy as np


def coco_runs(code: Any, size: tuple[int, int] | None = None) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the run lengths of a code, compressed (text) or not (list).

    Args:
        code: ``{'size': [H, W], 'counts': text or list}``; runs go down the columns and begin
            with zeros.
        size: (H, W) of the image, where it is known.

    Returns:
        ``(runs, (H, W))``, runs int64 (R,).

    Raises:
        ValueError: It is no such code, of another size, or does not code all pixels.
    """
    if not isinstance(code, dict) or not {'size', 'counts'} <= set(code):
        raise ValueError('a run-length code has size and counts')
    try:
        height, width = (int(x) for x in code['size'])
    except (TypeError, ValueError):
        raise ValueError(f'size is [height, width], found {code["size"]!r}') from None
    if size is not None and (height, width) != tuple(size):
        raise ValueError(
            f'its code is for {height}x{width} pixels (height x width), the image has '
            f'{size[0]}x{size[1]}'
        )
    counts = code['counts']
    if isinstance(counts, str | bytes):
        runs = _decompressed(counts.encode() if isinstance(counts, str) else counts)
    else:
        runs = np.asarray(counts)
        if runs.ndim != 1 or runs.dtype.kind not in 'ui':
            raise ValueError(f'counts are whole numbers, found {str(counts)[:40]}')
        runs = runs.astype(np.int64)
    if (runs < 0).any() or runs.sum() != height * width:
        raise ValueError(
            f'its runs code {int(runs.sum())} pixels, the image has {height * width}: the code is '
            'damaged'
        )
    return runs, (height, width)


def coco_mask(code: Any, size: tuple[int, int] | None = None) -> np.ndarray:
    """Decode a mask, see :func:`coco_runs`. Shape: (H, W), bool."""
    runs, (height, width) = coco_runs(code, size)
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def _decompressed(text: bytes) -> np.ndarray:
    """Decode the counts of the text form (``rleFrString`` of the COCO API).

    Characters hold 5 bits; from the third count on, differences to the last but one are stored.
    """
    counts: list[int] = []
    value = shift = 0
    for byte in text:
        digit = byte - 48
        if not 0 <= digit < 64:
            raise ValueError(f'{chr(byte)!r} is no character of a compressed run-length code')
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            if shift > 60:
                raise ValueError('a number of the compressed run-length code does not end')
            continue
        if digit & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError('the compressed run-length code is cut short')
    return np.array(counts, np.int64)
