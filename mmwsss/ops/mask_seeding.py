"""SAM-based seeding: give each class-agnostic mask to the class with the strongest activation."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from mmwsss.ops.background import alpha_background
from mmwsss.ops.mask_runs import MaskRuns
from mmwsss.structures import Proposals

EPS = 1e-7
Upper = Literal['whole', 'parts']
Pooling = Literal['relu', 'raw', 'minmax']


class MaskLabels(NamedTuple):
    """Labels of an image's masks.

    Args:
        label: 0 background, k + 1 the k-th map. Shape: (S,), int64.
        confidence: The greatest score. Shape: (S,), float32.
        scores: Of the background, then of each map. Shape: (S, P + 1), float32.
    """

    label: np.ndarray
    confidence: np.ndarray
    scores: np.ndarray


def check_pooling(pooling: str) -> None:
    """Raise an error if the way of pooling is unknown."""
    if pooling not in get_args(Pooling):
        raise ValueError(f'pooling must be one of {get_args(Pooling)}, found {pooling!r}')


def label_masks(
    cams: np.ndarray, masks: MaskRuns, power: float, pooling: Pooling = 'relu'
) -> MaskLabels:
    """Score each mask by the mean of each class's map inside it, and label it.

    SAM-based seeding of FMA-WSSS (WACV 2024), as released. The means of a map are stretched so that
    the image's masks go from 0 to (just under) 1; the background scores ``(1 - max)^power``. With a
    single mask, each mean is the minimum: it becomes background.

    Args:
        cams: Raw maps at the size of the image. Shape: (P, H, W).
        masks: S masks of the image.
        power: Exponent of the background's score; a larger one gives less background.
        pooling: What is averaged: the positive part (``'relu'``, published), the map as it is
            (``'raw'``; the positive part of the mean is taken after) or the positive part
            stretched to [0, 1] over the image (``'minmax'``).
    """
    return choose_labels(mask_scores(cams, masks, pooling), power)


def mask_scores(cams: np.ndarray, masks: MaskRuns, pooling: Pooling = 'relu') -> np.ndarray:
    """Stretched means of maps in masks, see :func:`label_masks`.

    Args:
        cams: Raw maps at the size of the image. Shape: (P, H, W).
        masks: S masks of the image.
        pooling: See :func:`label_masks`.

    Returns:
        In [0, 1). Shape: (P, S), float32.
    """
    check_pooling(pooling)
    if not len(masks):
        return np.zeros((len(cams), 0), np.float32)
    if pooling != 'raw':
        cams = np.maximum(cams, 0)
    if pooling == 'minmax':
        cams = _stretch(cams, axis=(1, 2))
    # In float32, as published: the background score 1 - max depends on the last digits.
    return _stretch(np.maximum(masks.mean(cams), 0).astype(np.float32), axis=1)


def choose_labels(scores: np.ndarray, power: float) -> MaskLabels:
    """Label masks by their scores; the background scores ``(1 - max)^power``.

    Args:
        scores: From :func:`mask_scores`. Shape: (P, S).
        power: Exponent of the background's score; a larger one gives less background.
    """
    scores = np.concatenate([alpha_background(scores, power)[None], scores])
    return MaskLabels(scores.argmax(0), scores.max(0), scores.T)


def seed_masks(
    cams: np.ndarray,
    classes: np.ndarray,
    proposals: Proposals,
    powers: Sequence[float],
    *,
    pooling: Pooling = 'relu',
    on_top: Upper = 'whole',
) -> list[np.ndarray]:
    """Label maps of an image by SAM-based seeding, one for each power of the background's score.

    Args:
        cams: Raw maps at the size of the image, which may be negative. Shape: (K, H, W).
        classes: Class ids, ascending. Shape: (K,).
        proposals: Of the image.
        powers: Exponents.
        pooling: See :func:`label_masks`.
        on_top: Which masks are painted over others: 'whole' ones or 'parts'.

    Returns:
        0 background, class id + 1; all background without a class or a mask. Shape of each:
        (H, W), uint8.
    """
    if not len(classes) or not len(proposals):
        return [np.zeros(proposals.size, np.uint8) for _ in powers]
    masks = MaskRuns(proposals)
    scores = mask_scores(cams, masks, pooling)
    ids = np.append(0, np.asarray(classes) + 1).astype(np.uint8)
    level = proposals.level if on_top == 'whole' else -proposals.level
    return [ids[paint_masks(choose_labels(scores, power), masks, level)] for power in powers]


def paint_masks(labels: MaskLabels, masks: MaskRuns, level: np.ndarray) -> np.ndarray:
    """Paint labelled masks by level, then by confidence; later masks overwrite earlier ones.

    Of equal masks the later one is painted last. Pixels without a mask are background.

    Args:
        labels: Of S masks.
        masks: The masks.
        level: Shape: (S,).

    Returns:
        Labels as they count in ``labels``. Shape: (H, W), uint8.
    """
    order = np.lexsort((labels.confidence, level))
    return masks.paint(labels.label, order)


def _stretch(values: np.ndarray, axis: int | tuple[int, int]) -> np.ndarray:
    low, high = values.min(axis, keepdims=True), values.max(axis, keepdims=True)
    return (values - low) / (high - low + values.dtype.type(EPS))
