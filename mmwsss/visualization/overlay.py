"""Photos with scores and label maps painted over them. Plain numpy, no loops over pixels."""

from functools import lru_cache

import numpy as np

from mmwsss.stores.mask_store import voc_palette
from mmwsss.structures import Seeds

IGNORE = 255
_IGNORE_COLOUR = (255, 255, 255)


@lru_cache
def _heat_colours() -> np.ndarray:
    """The 'turbo' colour map. Shape: (256, 3), uint8."""
    from matplotlib import colormaps

    return (colormaps['turbo'](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def heat(values: np.ndarray) -> np.ndarray:
    """Colour values in [0, 1] from blue to red.

    Args:
        values: Shape: (h, w).

    Returns:
        uint8 (h, w, 3).
    """
    index = (np.clip(np.nan_to_num(values), 0, 1) * 255).round().astype(np.uint8)
    return _heat_colours()[index]


def blend(image: np.ndarray, colours: np.ndarray, opacity: float | np.ndarray) -> np.ndarray:
    """Lay colours over an image.

    Args:
        image: uint8 (H, W, 3).
        colours: uint8 (H, W, 3).
        opacity: 0 shows the image, 1 the colours; a number or a map (H, W).

    Returns:
        uint8 (H, W, 3).
    """
    if image.shape != colours.shape:
        raise ValueError(f'the image has shape {image.shape}, the colours {colours.shape}')
    weight = np.asarray(opacity, np.float32)
    weight = weight[..., None] if weight.ndim == 2 else weight
    mixed = image.astype(np.float32) * (1 - weight) + colours.astype(np.float32) * weight
    return mixed.round().clip(0, 255).astype(np.uint8)


def cam_overlay(image: np.ndarray, seeds: Seeds, opacity: float = 0.55) -> np.ndarray:
    """Paint the best score of each pixel over an image.

    Args:
        image: uint8 (H, W, 3).
        seeds: Scores; resized to the image.
        opacity: Weight of the colours.

    Returns:
        uint8 (H, W, 3).
    """
    _, score = seeds.resize(image.shape[:2]).winner()
    return blend(image, heat(score), opacity)


def mask_overlay(
    image: np.ndarray,
    mask: np.ndarray,
    palette: np.ndarray | None = None,
    opacity: float = 0.6,
) -> np.ndarray:
    """Paint a label map over an image: classes in colour with an outline, ignored pixels white.

    Args:
        image: uint8 (H, W, 3).
        mask: 0 background, 1..C, 255 ignore. Shape: (H, W).
        palette: Colours by mask value. Defaults to VOC's. Shape: (n, 3), uint8.
        opacity: Weight of the colours; the background stays grey where nothing is painted.

    Returns:
        uint8 (H, W, 3).
    """
    if mask.shape != image.shape[:2]:
        raise ValueError(f'the image has shape {image.shape}, the mask {mask.shape}')
    colours = full_palette(palette)[mask]
    grey = image.mean(-1, keepdims=True).astype(np.uint8).repeat(3, -1)
    weight = np.where(mask > 0, np.float32(opacity), np.float32(0))
    painted = blend(np.where(mask[..., None] > 0, image, grey // 2 + 64), colours, weight)
    painted[outlines(mask)] = 255
    return painted


def outlines(mask: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour has another label. Shape: (H, W), bool."""
    edge = np.zeros(mask.shape, bool)
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    edge[:-1] |= mask[:-1] != mask[1:]
    return edge


def full_palette(palette: np.ndarray | None = None) -> np.ndarray:
    """Colours of all mask values: the given ones, VOC's beyond them, white for 255.

    Args:
        palette: Shape: (n, 3), n at most 255.

    Returns:
        uint8 (256, 3).
    """
    full = voc_palette()
    if palette is not None:
        full[: len(palette)] = np.asarray(palette, np.uint8)
    full[IGNORE] = _IGNORE_COLOUR
    return full
