"""Read label maps of published repositories: a folder of PNG or ``.npy`` files."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmwsss.stores.images import open_image
from mmwsss.stores.safe_pickle import load_pickled_npy


class MaskFormat(NamedTuple):
    """One form of label maps: suffix of its files, its reader, a description for people."""

    suffix: str
    read: Callable[[Path, tuple[int, int] | None], np.ndarray]
    text: str


def read_png(path: Path, size: tuple[int, int] | None) -> np.ndarray:
    """Indices of a palette or grey PNG. Shape: (H, W).

    Raises:
        ValueError: It is in colour, or of another size than the photo.
    """
    with open_image(path, ('PNG',)) as image:
        if image.mode not in ('P', 'L', '1', 'I;16', 'I'):
            raise ValueError(
                f'a palette or grey PNG of class numbers is expected, found mode {image.mode}: '
                'tools/dataset_converters/colour_masks.py makes indices of colours'
            )
        mask = np.array(image)
    return _checked(mask.astype(np.uint8) if mask.dtype == bool else mask, size)


def read_npy(path: Path, size: tuple[int, int] | None) -> np.ndarray:
    """Whole numbers of an array. Shape: (H, W).

    Raises:
        ValueError: It is no map of whole numbers, or of another size than the photo.
    """
    mask = load_pickled_npy(path)
    if not isinstance(mask, np.ndarray):
        raise ValueError(
            f'an array of class numbers is expected, found a {type(mask).__name__}: seeds are read '
            'by formats irn, class_map and crf'
        )
    while mask.ndim > 2 and mask.shape[0] == 1:
        mask = mask[0]
    if mask.ndim == 3:
        raise ValueError(f'a label map (H, W) is expected, found {mask.shape}: format array')
    if mask.dtype.kind == 'f' and (mask == np.round(mask)).all():
        mask = mask.astype(np.int64)
    if mask.dtype.kind not in 'uib':
        raise ValueError(f'class numbers are expected, found {mask.dtype}')
    return _checked(mask.astype(np.uint8) if mask.dtype == bool else mask, size)


def _checked(mask: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    if size is not None and mask.shape != size:
        raise ValueError(
            f'it is {mask.shape[0]}x{mask.shape[1]} (height x width), the photo '
            f'{size[0]}x{size[1]}. Masks have the size of the stored photo (without EXIF rotation)'
        )
    return mask


MASK_FORMATS: dict[str, MaskFormat] = {
    'png': MaskFormat('.png', read_png, 'label maps in palette or grey PNGs'),
    'npy': MaskFormat('.npy', read_npy, 'label maps (H, W) in .npy files (RIB, SAM_WSSS)'),
}
