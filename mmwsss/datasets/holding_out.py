"""Hold out a part of the photos from training, to score predicted tags on them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

PARTS = ('all', 'train', 'held_out')
_EVERY = 10  # a tenth
_FEWEST = 5  # a tag on fewer photos keeps them all


def hold_out(ids: Sequence[str], labels: np.ndarray) -> np.ndarray:
    """Choose a tenth of the photos, spread over the tags.

    Photos are sorted by their rarest tag, then by a hash of their ids, and every tenth is chosen:
    the same photos on every machine, whatever their order. A photo with a tag that fewer than five
    have is not chosen.

    Args:
        ids: Image ids.
        labels: Image-level labels. Shape: (N, C), multi-hot.

    Returns:
        Whether a photo is held out. Shape: (N,), boolean; all False if there are too few photos.
    """
    present = np.asarray(labels) > 0
    counts = present.sum(0)
    rarest = np.where(present, counts, np.iinfo(np.int64).max)
    chosen = np.zeros(len(ids), bool)
    eligible = [i for i in range(len(ids)) if rarest[i].min(initial=_EVERY) >= _FEWEST]
    eligible.sort(key=lambda i: (int(rarest[i].argmin()), _digest(ids[i])))
    chosen[eligible[_EVERY // 2 - 1 :: _EVERY]] = True
    return chosen


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
