"""Which library turns JPEG files into pixels; all give the same ones."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Literal, get_args

import numpy as np
from PIL import ImageFile

#: 'fastest' is simplejpeg where it is installed, else Pillow.
Decoder = Literal['pillow', 'simplejpeg', 'fastest']
#: Environment variable for what a pipeline leaves open. The pixels are the same, so which
#: decoder is used belongs to the machine, not to the experiment.
VARIABLE = 'MMWSSS_DECODER'


def choose_decoder(decoder: Decoder | None = None) -> Literal['pillow', 'simplejpeg']:
    """The decoder that is meant.

    Args:
        decoder: Defaults to None: as the environment variable ``MMWSSS_DECODER`` says, else
            Pillow.

    Raises:
        ValueError: There is no such decoder.
        ImportError: simplejpeg is asked for by name, and it is not installed.
    """
    found = os.environ.get(VARIABLE) or 'pillow' if decoder is None else decoder
    where = f'the environment variable {VARIABLE}' if decoder is None else 'decoder'
    if found not in get_args(Decoder):
        raise ValueError(f'{where} must be one of {get_args(Decoder)}, found {found!r}')
    if found == 'pillow':
        return 'pillow'
    if find_spec('simplejpeg') is not None:
        return 'simplejpeg'
    if found == 'simplejpeg':
        raise ImportError(
            f"{where} is 'simplejpeg', which is not installed: pip install 'mmwsss[jpeg]', or take "
            "'fastest', which falls back to Pillow"
        )
    return 'pillow'


def decode_jpeg(file: ImageFile.ImageFile) -> np.ndarray | None:
    """Pixels of an opened photo by simplejpeg.

    Args:
        file: As :func:`mmwsss.stores.images.open_image` gives it, its pixels not yet read.

    Returns:
        RGB, uint8 (H, W, 3). None where Pillow has to do it: the file is no JPEG, is CMYK, or has
        errors, of which Pillow says what they are or which it overlooks.
    """
    if file.format != 'JPEG' or file.mode not in ('RGB', 'L') or file.fp is None:
        return None
    import simplejpeg

    file.fp.seek(0)
    try:
        return simplejpeg.decode_jpeg(file.fp.read(), 'RGB')
    except ValueError:
        return None
