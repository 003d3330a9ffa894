"""Photos of cameras, shrunk to a number of pixels that memory and time allow."""

from __future__ import annotations

import math

import numpy as np
import torch
from mmengine.logging import print_log
from PIL import Image


def resize_image(
    image: np.ndarray, size: tuple[int, int], interpolation: str = 'bicubic'
) -> np.ndarray:
    """Resize with PIL, 'bicubic' or 'bilinear' (antialiased when shrinking), uint8 (H, W, 3)."""
    if image.shape[:2] == tuple(size):
        return image
    kind = Image.Resampling[interpolation.upper()]
    return np.array(Image.fromarray(image).resize(size[::-1], kind))


def limited_size(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    """The largest (H, W) of the same shape, up to rounding, with at most so many pixels.

    Args:
        size: (H, W).
        max_pixels: At least 1.
    """
    height, width = size
    if height * width <= max_pixels:
        return height, width
    factor = math.sqrt(max_pixels / (height * width))
    # A strip stays one pixel wide; only its length is cut to the limit.
    height, width = max(1, int(height * factor)), max(1, int(width * factor))
    if height < width:
        return height, min(width, max_pixels // height)
    return min(height, max_pixels // width), width


class PixelLimit:
    """Shrinks photos of more pixels than a limit; the log names the first one.

    All workers of a data loader share that message.

    Args:
        max_pixels: The limit, at least 1; None: no photo is shrunk.
    """

    def __init__(self, max_pixels: int | None = None) -> None:
        if max_pixels is not None and (isinstance(max_pixels, bool) or max_pixels < 1):
            raise ValueError(f'max_pixels is at least 1 or None, found {max_pixels}')
        self.max_pixels = max_pixels
        self._said = torch.zeros(1, dtype=torch.bool).share_memory_()

    def __call__(self, image: np.ndarray, img_id: str | None = None) -> np.ndarray:
        """The photo (H, W, 3), uint8, or a smaller one of its shape."""
        height, width = image.shape[:2]
        if self.max_pixels is None or height * width <= self.max_pixels:
            return image
        size = limited_size((height, width), self.max_pixels)
        if not self._said:
            self._said.fill_(True)
            print_log(
                f'{img_id or "a photo"} has {width}x{height} pixels and is looked at with '
                f'{size[1]}x{size[0]}, as all photos of more than {self.max_pixels} pixels '
                '(max_pixels)',
                'current',
            )
        return resize_image(image, size)
