"""Reading of photos and masks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from mmwsss.datasets.decoding import decode_jpeg
from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.listing import SHOWN
from mmwsss.stores.images import EXIF_ORIENTATION, open_image

_MASK_MODES = ('P', 'L', '1')

_PIL_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


def read_image(
    path: str | Path,
    img_id: str | None = None,
    *,
    upright: bool = False,
    decoder: Literal['pillow', 'simplejpeg'] = 'pillow',
) -> np.ndarray:
    """Read a photo as RGB.

    Grey, palette and CMYK files are converted; an alpha channel is dropped and the colour under
    it kept. Pixels come as stored: an EXIF orientation is not applied, because masks, seeds and
    the published numbers refer to stored pixels.

    Args:
        path: The file.
        img_id: Its id, for messages.
        upright: Apply the EXIF orientation nevertheless. Everything else that refers to the
            photo must then be upright too.
        decoder: Of JPEG files, see :mod:`mmwsss.datasets.decoding`; photos to be turned are
            Pillow's.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ImageError: The file is missing, cut short, no image, or has 16 or 32 bits a channel.
    """
    try:
        with open_image(path) as file:
            if is_deep(file):
                raise ImageError(
                    f'{_name(path, img_id)} has 16 or 32 bits a channel (mode {file.mode}); '
                    '8-bit images are expected. Convert it with the scaling that suits it',
                    img_id,
                    path,
                )
            turned = upright and file.getexif().get(EXIF_ORIENTATION, 1) != 1
            if decoder == 'simplejpeg' and not turned:
                pixels = decode_jpeg(file)
                if pixels is not None:
                    return pixels
            file.load()
            image = ImageOps.exif_transpose(file) if upright else file
            if image.mode == 'P' and 'transparency' in image.info:
                image = image.convert('RGBA')
            return np.array(image.convert('RGB'))
    except ImageError:
        raise
    except _PIL_ERRORS as error:
        raise _unreadable(path, img_id, error) from error


def is_deep(file: ImageFile.ImageFile) -> bool:
    """Whether an opened image has 16 or 32 bits a channel, which are no photo's."""
    # PIL cuts 16-bit colour down to its high bytes without a word.
    return file.mode[0] in 'IF' or any(';16' in str(tile) for tile in file.tile)


def read_mask(
    path: str | Path,
    num_classes: int,
    *,
    size: tuple[int, int] | None = None,
    img_id: str | None = None,
) -> np.ndarray:
    """Read a mask as class indices; the palette of a PNG is ignored.

    Args:
        path: The file.
        num_classes: Values that are classes, C + 1 with the background.
        size: (H, W) of the photo, which the mask must have.
        img_id: Its id, for messages.

    Returns:
        uint8 (H, W): 0 background, 1..C, 255 ignore.

    Raises:
        ImageError: The file is missing, damaged, in colour, of another size, or holds values
            that are no class.
    """
    try:
        with open_image(path) as image:
            mode = image.mode
            mask = np.array(image) if mode in _MASK_MODES else np.zeros((0, 0), np.uint8)
    except _PIL_ERRORS as error:
        raise _unreadable(path, img_id, error) from error
    where = _name(path, img_id)
    if mode not in _MASK_MODES:
        raise ImageError(
            f'{where}: a mask is a palette or grey 8-bit image of class indices, found mode {mode}'
            + '. tools/dataset_converters/colour_masks.py makes indices of colours'
            * ('RGB' in mode),
            img_id,
            path,
        )
    mask = mask.astype(np.uint8, copy=False)
    if size is not None and mask.shape != tuple(size):
        raise ImageError(
            f'{where}: the mask is {mask.shape[0]}x{mask.shape[1]} (height x width), the photo '
            f'{size[0]}x{size[1]}. Masks have the size of the photo: as shown (upright) in '
            'folders of your own, else as stored, without EXIF rotation',
            img_id,
            path,
        )
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    foreign = values[(values >= num_classes) & (values != 255)]
    if len(foreign):
        raise ImageError(
            f'{where}: values {foreign[:SHOWN].tolist()} are no class; 0..{num_classes - 1} '
            'and 255 are expected. Is it made for another data set or with other ids?',
            img_id,
            path,
        )
    return mask


def _name(path: str | Path, img_id: str | None) -> str:
    return f'{path} (image {img_id!r})' if img_id is not None else str(path)


def _unreadable(path: str | Path, img_id: str | None, error: Exception) -> ImageError:
    if isinstance(error, FileNotFoundError):
        text = 'is not there'
    elif isinstance(error, UnidentifiedImageError):
        text = 'is no image that Pillow knows'
    else:
        text = f'cannot be read: {error}'
    broken = os.path.isfile(path) and not isinstance(error, ValueError)  # too large, for one
    hint = '. It may be cut short: copy it again' if broken else ''
    return ImageError(f'{_name(path, img_id)} {text}{hint}', img_id, path)
