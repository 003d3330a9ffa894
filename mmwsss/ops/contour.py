"""Contours of label maps: how well those of two maps match, and bands along them.

Contours are found where neighbouring labels differ, so the cost grows with the pixels of an image
and not with the number of classes.
"""

import math

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter


def contour_radius(size: tuple[int, int], share: float = 0.008) -> int:
    """Distance in pixels within which contours match: a share of the diagonal, rounded up."""
    return math.ceil(share * math.hypot(*size))


def contour_pixels(labels: np.ndarray, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the contour pixels of all foreground classes.

    A pixel is on the contour of a class if its right, lower or lower-right neighbour differs from
    it in belonging to the class. In the last row only the right neighbour is compared, in the last
    column only the lower one, and in the corner none.

    Args:
        labels: 0 background, 1..n-1 classes; other values belong to no class. Integers.
            Shape: (H, W).
        num_classes: Number n of classes, background included.

    Returns:
        Class and flat position of each contour pixel, by class and then by position. int64,
        shape: (M,) each.
    """
    height, width = labels.shape
    flat = labels.reshape(-1)
    found = []
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        here, there = labels[: height - dy, : width - dx], labels[dy:, dx:]
        row, column = np.divmod(np.flatnonzero(here != there), max(width - dx, 1))
        position = row * width + column
        for start in (0, dy * width + dx):
            label = flat[position + start].astype(np.int64)
            kept = (label > 0) & (label < num_classes)
            found.append(label[kept] * labels.size + position[kept])
    keys = np.sort(np.concatenate(found))
    return np.divmod(keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]], labels.size)


def contour_matches(
    first: np.ndarray, second: np.ndarray, num_classes: int, radius: int
) -> np.ndarray:
    """Count the contour pixels of each class, and those that the other map has nearby.

    Two contour pixels of a class match if one lies in the disk (``dy^2 + dx^2 <= radius^2``) around
    the other; many may match one.

    Args:
        first: Label map. Shape: (H, W).
        second: Label map of the same size.
        num_classes: Number n of classes, background included.
        radius: Radius of the disk, in pixels.

    Returns:
        Rows of foreground classes 1..n-1: matched of the first, matched of the second, number of
        the first, number of the second. Shape: (n - 1, 4), int64.

    Raises:
        ValueError: The maps differ in size.

    Example:
        >>> square = np.zeros((9, 9), np.uint8)
        >>> square[2:6, 2:6] = 1
        >>> contour_matches(square, np.roll(square, 1), 2, radius=1)
        array([[16, 16, 16, 16]])
    """
    if first.shape != second.shape:
        raise ValueError(
            f'label maps of {first.shape} and {second.shape} differ in size: were the masks made '
            'from other versions of the images?'
        )
    contours = [contour_pixels(labels, num_classes) for labels in (first, second)]
    counts = np.zeros((num_classes - 1, 4), np.int64)
    for column, (label, _) in enumerate(contours):
        counts[:, 2 + column] = np.bincount(label, minlength=num_classes)[1:]
    for column, (one, other) in enumerate((contours, contours[::-1])):
        matched = one[0][_near(one, other, first.shape, radius)]
        counts[:, column] = np.bincount(matched, minlength=num_classes)[1:]
    return counts


def _near(
    one: tuple[np.ndarray, np.ndarray],
    other: tuple[np.ndarray, np.ndarray],
    size: tuple[int, int],
    radius: int,
) -> np.ndarray:
    """Whether each pixel of one contour has a pixel of the other nearby. Shape: (M,), bool."""
    height, width = size
    # Classes ascend in both, so that a slot is the number of changes before.
    slot = np.cumsum(np.diff(other[0], prepend=other[0][:1]) > 0)
    present = other[0][np.append(True, slot[1:] > slot[:-1])[: len(slot)]]
    near = np.isin(one[0], present)
    # The other contours on grids with a margin, one a class.
    tall, wide = height + 2 * radius, width + 2 * radius
    grids = np.zeros(len(present) * tall * wide, bool)
    row, column = np.divmod(other[1], width)
    grids[(slot * tall + row + radius) * wide + column + radius] = True
    # The nearest places first: most pixels need not look at the others.
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].reshape(2, -1)
    distance = y * y + x * x
    order = np.argsort(distance, kind='stable')[: np.count_nonzero(distance <= radius * radius)]
    left = np.flatnonzero(near)
    row, column = np.divmod(one[1][left], width)
    index = np.searchsorted(present, one[0][left])
    place = (index * tall + row + radius) * wide + column + radius
    for offset in (y * wide + x)[order]:
        missed = ~grids[place + offset]
        left, place = left[missed], place[missed]
        if not len(left):
            break
    near[left] = False
    return near


def contour_scores(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute precision, recall and F-score of contours.

    Args:
        counts: Sums of :func:`contour_matches` over images, the prediction being the first map.
            Shape: (..., 4).

    Returns:
        Fractions. A class with contours in only one of the maps has precision 1 and recall 0, or
        the reverse, so F is 0; a class without any contour has NaN. Shape: (...) each.
    """
    matched, total = np.asarray(counts, np.float64)[..., :2], np.asarray(counts)[..., 2:]
    ratio = np.divide(matched, total, out=np.ones(matched.shape), where=total > 0)
    precision, recall = (np.where(total.any(-1), ratio[..., side], np.nan) for side in range(2))
    both = precision + recall
    f = np.divide(2 * precision * recall, both, out=np.zeros(both.shape), where=both != 0)
    return precision, recall, f


def band(labels: np.ndarray, width: int, outside: int) -> np.ndarray:
    """Keep the labels near a contour and overwrite all others.

    Args:
        labels: Shape: (H, W).
        width: Pixels with another label at most this many rows and columns away are kept; the
            border of the image is not a contour.
        outside: Value of all other pixels.

    Returns:
        Shape: (H, W), of the labels' type.
    """
    side = 2 * width + 1
    low, high = (f(labels, side, mode='nearest') for f in (minimum_filter, maximum_filter))
    return np.where(low != high, labels, labels.dtype.type(outside))


def fill_nearest(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give each unknown pixel the label of the nearest known pixel.

    Args:
        labels: Shape: (H, W).
        known: Where the label is known. Bool. Shape: (H, W).

    Returns:
        Shape: (H, W); the labels themselves where none or all are known.
    """
    if known.all() or not known.any():
        return labels
    row, column = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return labels[row, column]
