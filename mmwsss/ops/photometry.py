"""Photometric augmentations of RGB uint8 images (H, W, 3), equal to albumentations'."""

from collections.abc import Sequence

import cv2
import numpy as np


def posterize(image: np.ndarray, bits: int) -> np.ndarray:
    """Keep the highest bits of every value."""
    return image & np.uint8(256 - 2 ** (8 - bits))


def equalize(image: np.ndarray) -> np.ndarray:
    """Equalise the histogram of each channel."""
    return np.stack(
        [cv2.equalizeHist(np.ascontiguousarray(c)) for c in image.transpose(2, 0, 1)], 2
    )


def sharpening_kernel(alpha: float, lightness: float) -> np.ndarray:
    """Blend of identity (``1 - alpha``) and sharpening (``alpha``). Shape: (3, 3), float32."""
    same, sharp = np.zeros((3, 3), np.float32), np.full((3, 3), -1, np.float32)
    same[1, 1], sharp[1, 1] = 1, 8 + lightness
    return (1 - alpha) * same + alpha * sharp


def convolve(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Filter every channel; the border is mirrored without its last pixel."""
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101)


def solarize(image: np.ndarray, threshold: int = 128) -> np.ndarray:
    """Invert values from a threshold on."""
    return np.where(image >= threshold, 255 - image, image)


def brightness_contrast(image: np.ndarray, contrast: float, brightness: float) -> np.ndarray:
    """``contrast * value + brightness * 255``, cut to 0..255."""
    table = np.arange(256, dtype=np.float32) * contrast + brightness * 255
    return cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8))


def shadow(image: np.ndarray, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Halve the lightness (HLS) within polygons.

    Args:
        image: The image.
        polygons: Corners (x, y) in pixels. Shape: (P, 2) each, integers.
    """
    hls = cv2.cvtColor(image, cv2.COLOR_RGB2HLS)
    inside = np.zeros(image.shape[:2], np.uint8)
    for polygon in polygons:
        cv2.fillPoly(inside, [np.asarray(polygon, np.int32)], 255)
    lightness = hls[..., 1]
    lightness[inside > 0] = (lightness[inside > 0] * 0.5).astype(np.uint8)
    return cv2.cvtColor(hls, cv2.COLOR_HLS2RGB)
