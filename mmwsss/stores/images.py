"""Open image files of unknown origin safely."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

#: Formats that photos and masks come in. Others are not even tried: some start other programs.
FORMATS = ('JPEG', 'PNG', 'BMP', 'DIB', 'WEBP', 'TIFF', 'GIF', 'JPEG2000', 'AVIF')
#: Pixels of the largest image that is read, 8192 x 8192.
MAX_PIXELS = 1 << 26
#: Number of the tag that says how a camera was held.
EXIF_ORIENTATION = ExifTags.Base.Orientation


@cache
def _known(formats: tuple[str, ...]) -> list[str]:
    """Formats that the installed Pillow can read."""
    Image.init()
    return [name for name in formats if name in Image.OPEN]


@contextmanager
def open_image(
    file: str | Path | BinaryIO, formats: tuple[str, ...] = FORMATS
) -> Iterator[ImageFile.ImageFile]:
    """Open an image as ``PIL.Image.open`` does; its pixels are not decoded yet.

    A header of a few bytes can declare any size, so the size is checked first.

    Args:
        file: A path or an open file.
        formats: Pillow's names of the formats to try.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It is no image of these formats (``PIL.UnidentifiedImageError``).
        ValueError: It has more than :data:`MAX_PIXELS` pixels.
    """
    try:
        opened = Image.open(file, formats=_known(formats))
    except Image.DecompressionBombError as error:
        raise ValueError(f'{error}; its pixels are not read') from None
    with opened as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(
                f'{image.width} x {image.height} pixels are declared, images of more than '
                f'{MAX_PIXELS} are not read. Make it smaller'
            )
        yield image


def image_size(path: str | Path, *, upright: bool = False) -> tuple[int, int]:
    """(H, W) of an image file; only its header is read.

    Args:
        path: The file.
        upright: Apply its EXIF orientation.
    """
    with open_image(path) as image:
        turned = upright and image.getexif().get(EXIF_ORIENTATION, 1) >= 5  # by 90 degrees
        return (image.width, image.height) if turned else (image.height, image.width)


def possible_sizes(path: str | Path) -> tuple[tuple[int, int], ...]:
    """(H, W) of an image file upright, by its EXIF orientation, then as stored if that differs.

    Labelling tools show photos upright; masks of data sets may follow the stored pixels.
    """
    return tuple(dict.fromkeys(image_size(path, upright=upright) for upright in (True, False)))
