"""Masks in colours to class numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.labelmap import Colour
from mmwsss.datasets.listing import shown
from mmwsss.stores.images import open_image
from mmwsss.stores.mask_store import voc_palette


def voc_colours(num_classes: int) -> dict[Colour, int]:
    """VOC's colours of the background, C classes and pixels to ignore."""
    values = [*range(num_classes + 1), 255]
    return {tuple(voc_palette()[v].tolist()): v for v in values}


def to_indices(path: Path, colours: Mapping[Colour, int]) -> np.ndarray:
    """Class numbers of a mask in colours, uint8 (H, W).

    Raises:
        DataError: It cannot be read, or holds a colour that is no class.
    """
    try:
        with open_image(path) as image:
            pixels = np.asarray(image.convert('RGB'), np.int64)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f'{path}: cannot be read ({error})') from error
    codes = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    found, inverse = np.unique(codes, return_inverse=True)
    table = {(r << 16) | (g << 8) | b: value for (r, g, b), value in colours.items()}
    foreign = [code for code in found.tolist() if code not in table]
    if foreign:
        names = [f'({c >> 16}, {c >> 8 & 255}, {c & 255})' for c in foreign]
        raise DataError(
            f'{path}: {len(names)} colours are no class: {shown(names)}. Edges that are smoothed '
            'or JPEG compression make such colours; save masks without either'
        )
    values = np.array([table[code] for code in found.tolist()], np.uint8)
    return values[inverse].reshape(codes.shape)
