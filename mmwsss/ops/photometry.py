"""Photometric augmentations of RGB uint8 images (H, W, 3).

All are equal to albumentations', except :func:`jitter`, which stands beside torchvision's.
"""

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


def jitter(
    image: np.ndarray,
    order: Sequence[int],
    brightness: float | None = None,
    contrast: float | None = None,
    saturation: float | None = None,
    hue: float | None = None,
) -> np.ndarray:
    """Torchvision's colour jitter, computed by OpenCV.

    Brightness and contrast are the same as on PIL images, saturation up to one level, which is
    rounded here and cut there. OpenCV's 8-bit hue has 256 steps where PIL's has 255, and it is
    rounded differently on the way back: where the hue turns, most values are equal and a few are
    some levels off.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.
        order: In which order: 0 brightness, 1 contrast, 2 saturation, 3 hue.
        brightness: Factor, at least 0. None, here and below: left as it is.
        contrast: Factor of the distance to the mean grey.
        saturation: Factor of the distance to each pixel's grey.
        hue: Part of a whole turn, -0.5..0.5.
    """
    levels = np.arange(256)
    for step in order:
        if step == 0 and brightness is not None:
            image = cv2.LUT(image, _blended(0, levels, brightness))
        elif step == 1 and contrast is not None:
            mean = int(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0] + 0.5)
            image = cv2.LUT(image, _blended(mean, levels, contrast))
        elif step == 2 and saturation is not None:
            image = cv2.addWeighted(image, saturation, to_grey(image), 1 - saturation, 0)
        elif step == 3 and hue is not None:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
            hsv[..., 0] += np.uint8(int(hue * 255) % 256)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)
    return image


def to_grey(image: np.ndarray) -> np.ndarray:
    """Each pixel's grey in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _blended(start: int, levels: np.ndarray, factor: float) -> np.ndarray:
    """``start + factor * (level - start)`` for each level, cut to whole numbers in 0..255."""
    values = start + np.float32(factor) * (levels - start).astype(np.float32)
    return np.clip(values, 0, 255).astype(np.uint8)
