"""Scores and masks as small 8-bit maps, which a page in a browser turns back into masks."""

import base64
import io

import numpy as np
from PIL import Image

from mmwsss.structures import Seeds


def rounded(seeds: Seeds, size: tuple[int, int]) -> Seeds:
    """Seeds at another size, their scores rounded to 8 bits (steps of 1/255).

    Args:
        seeds: Scores of any resolution.
        size: (h, w), of which the result speaks as if it were the photo's.
    """

    def steps(values: np.ndarray) -> np.ndarray:
        return (np.rint(values * 255.0) / 255.0).astype(np.float32)

    small = seeds.resize(size)
    background = None if small.background is None else steps(small.background)
    return Seeds(small.classes, steps(small.scores), background, size)


def score_map(seeds: Seeds, size: tuple[int, int]) -> np.ndarray:
    """All that a threshold needs to make a mask of seeds: best score, its class, background.

    ``(map[..., 0] / 255 > t) * map[..., 1]`` is ``rounded(seeds, size).to_mask(t)``.

    Args:
        seeds: Scores of any resolution.
        size: (h, w) of the map.

    Returns:
        uint8 (h, w, 3): best score in steps of 1/255; mask value of its class, 1..C, or 0 without
        classes; background score in steps of 1/255, or 0 where the seeds hold no such map.
    """
    seeds = rounded(seeds, size)
    label, score = seeds.winner()
    background = np.zeros(size, np.float32) if seeds.background is None else seeds.background
    best, back = (np.rint(values * 255.0).astype(np.uint8) for values in (score, background))
    return np.stack([best, label, back], -1)


def small_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A label map at another size, by nearest neighbour.

    Args:
        mask: uint8 (H, W).
        size: (h, w).

    Returns:
        uint8 (h, w).
    """
    return np.asarray(Image.fromarray(mask).resize(size[::-1], Image.Resampling.NEAREST))


def png_uri(picture: np.ndarray) -> str:
    """``data:`` URI of a lossless PNG without colour profile, whose bytes a browser keeps.

    Args:
        picture: uint8 (h, w) or (h, w, 3).
    """
    return _uri(picture, 'png', optimize=True)


def jpeg_uri(picture: np.ndarray) -> str:
    """``data:`` URI of a JPEG, for photos. uint8 (h, w, 3)."""
    return _uri(picture, 'jpeg', quality=88, subsampling=0)


def _uri(picture: np.ndarray, kind: str, **options: object) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind.upper(), **options)
    return f'data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}'
