"""Nested colour regions: proposals and point prompts without any weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image
from skimage.color import rgb2lab
from skimage.segmentation import felzenszwalb

from mmwsss.proposers.base import Proposer
from mmwsss.registry import PROPOSERS
from mmwsss.structures import Proposals

#: Pixels of the image size for which ``scales`` are stated (VOC's usual 500 x 375).
_REFERENCE_AREA = 500 * 375


@dataclass(frozen=True, eq=False)
class Regions:
    """Three nested partitions of one image.

    Args:
        labels: Region of each pixel on each level, counted over all levels.
            Shape: (3, H, W), int32.
        level: Shape: (R,), int16.
        iou: How much a region stands out, [0, 1]. Shape: (R,), float32.
        stability: How little it depends on the scale, [0, 1]. Shape: (R,), float32.
        parent: Region of the next level that holds it, -1 on the last. Shape: (R,), int32.
    """

    labels: np.ndarray
    level: np.ndarray
    iou: np.ndarray
    stability: np.ndarray
    parent: np.ndarray


@PROPOSERS.register_module()
class RegionProposer(Proposer):
    """Colour segmentation (graph-based) that replaces SAM where no weights are available.

    Felzenszwalb and Huttenlocher's segmentation (IJCV 2004, scikit-image) at three
    scales. A region of a coarser level is the union of those finer regions that lie
    mostly in one coarse segment, so that levels 0, 1 and 2 are nested, as SAM's three
    answers to a point tend to be. All levels cover the whole image.

    Nothing here is learnt, so the two scores are measurements, not predictions:

    - ``iou`` is ``c / (c + s)`` with ``c`` the mean distance (CIELAB) between the mean
      colours of the two sides of the region's border and ``s`` the deviation of colour
      inside. It says how much a region stands out, not how well it fits an object.
    - ``stability`` is the IoU with the best segment found at 1.5 times the scale, as
      SAM's stability is the IoU between two thresholds.

    Args:
        scales: Felzenszwalb's ``k`` of the three levels for an image of 500 x 375. It
            grows with the area, so a level means the same at every resolution.
        min_area: Smallest segment of each level, as a part of the image.
        sigma: Width of the Gaussian that smooths the image first, in pixels.
        max_side: Larger images are segmented at this long side. None: never reduced.
        coarse: The two coarser levels, and the segments that stability is compared with, are
            found in an image of this part of the sides; the finest level, of whose regions all
            others are made, is not. 1 is exact, 0.35 takes a third of the time
            (``benchmarks/regions.py`` has what changes).

    Raises:
        ValueError: An argument is out of range.
    """

    runs_in: Literal['worker', 'device'] = 'worker'

    def __init__(
        self,
        *,
        scales: Sequence[float] = (300.0, 1000.0, 3000.0),
        min_area: Sequence[float] = (0.002, 0.01, 0.05),
        sigma: float = 0.8,
        max_side: int | None = 512,
        coarse: float = 1.0,
    ):
        if len(scales) != 3 or not 0 < scales[0] < scales[1] < scales[2]:
            raise ValueError(f'scales must be three ascending positive numbers, found {scales}')
        if len(min_area) != 3 or not 0 <= min_area[0] <= min_area[1] <= min_area[2] < 1:
            raise ValueError(
                f'min_area must be three ascending parts of the image in [0, 1), found {min_area}'
            )
        if max_side is not None and max_side < 16:
            raise ValueError(f'max_side must be at least 16 pixels or None, found {max_side}')
        if not 0 < coarse <= 1:
            raise ValueError(f'coarse must be a part of the sides in (0, 1], found {coarse}')
        self.coarse = float(coarse)
        self.scales = tuple(float(s) for s in scales)
        self.min_area = tuple(float(a) for a in min_area)
        self.sigma = float(sigma)
        self.max_side = max_side

    def protocol(self) -> dict[str, Any]:
        """Name and parameters."""
        return dict(
            type='RegionProposer',
            scales=list(self.scales),
            min_area=list(self.min_area),
            sigma=self.sigma,
            max_side=self.max_side,
            **({} if self.coarse == 1 else {'coarse': self.coarse}),
        )

    def __call__(self, image: np.ndarray) -> Proposals:
        """All regions, ordered by ``iou * stability``, then by size.

        A region that is the same on two levels is listed once, on the coarser one.

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
        """
        regions = self.prepare(image)
        children = np.bincount(regions.parent[regions.parent >= 0], minlength=len(regions.level))
        only_child = (regions.parent >= 0) & (children[regions.parent] == 1)
        areas = np.bincount(regions.labels.ravel(), minlength=len(regions.level))
        order = np.lexsort((-areas, -regions.iou * regions.stability))
        order = order[~only_child[order]]
        masks = np.empty((len(order), *regions.labels.shape[1:]), bool)
        for level in range(3):
            rows = np.flatnonzero(regions.level[order] == level)
            masks[rows] = regions.labels[level] == order[rows, None, None]
        return Proposals.from_masks(
            masks,
            iou=regions.iou[order],
            stability=regions.stability[order],
            level=regions.level[order],
        )

    def prepare(self, image: np.ndarray) -> Regions:
        """Segment an image once, for any number of prompts.

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
        """
        image = np.asarray(image)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f'an RGB image (H, W, 3) of uint8 is expected, found {image.dtype} {image.shape}'
            )
        size = image.shape[:2]
        if self.max_side is not None and max(size) > self.max_side:
            factor = self.max_side / max(size)
            image = _resized(image, [max(1, round(side * factor)) for side in size])
        colours = rgb2lab(image).reshape(-1, 3)
        small = _resized(image, [max(1, round(side * self.coarse)) for side in image.shape[:2]])

        labels: list[np.ndarray] = []
        stability, iou, parents = [], [], []
        previous = offset = 0  # first ids of the level before and of this one
        for level in range(3):
            source = image if level == 0 else small
            segments = _enlarged(self._segment(source, level, 1.0), image.shape[:2])
            if labels:
                parent = _overlaps(labels[-1] - previous, segments).argmax(1)
                _, parent = np.unique(parent, return_inverse=True)
                parents.append(parent + offset)
                segments = parent[labels[-1] - previous]
            labels.append(segments + offset)
            others = _enlarged(self._segment(small, level, 1.5), image.shape[:2])
            stability.append(_best_iou(segments, others))
            iou.append(_standing_out(segments, colours))
            previous, offset = offset, offset + len(iou[-1])
        parents.append(np.full(len(iou[-1]), -1))
        return Regions(
            labels=_enlarged(np.stack(labels), size).astype(np.int32),
            level=np.repeat(np.arange(3, dtype=np.int16), [len(x) for x in iou]),
            iou=np.concatenate(iou).astype(np.float32),
            stability=np.concatenate(stability).astype(np.float32),
            parent=np.concatenate(parents).astype(np.int32),
        )

    def _segment(self, image: np.ndarray, level: int, factor: float) -> np.ndarray:
        """Felzenszwalb's segments, counted from 0 without gaps. Shape: (H, W)."""
        area = image.shape[0] * image.shape[1]
        return felzenszwalb(
            image,
            scale=factor * self.scales[level] * area / _REFERENCE_AREA,
            sigma=self.sigma,
            min_size=max(1, round(self.min_area[level] * area)),
        )


def _resized(image: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """The image with each pixel the mean of those that it replaces. Shape: (h, w, 3)."""
    if image.shape[:2] == tuple(size):
        return image
    height, width = size
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


def _enlarged(labels: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Labels (..., h, w) by nearest neighbour. Shape: (..., H, W)."""
    rows, columns = (
        np.arange(full) * small // full for full, small in zip(size, labels.shape[-2:], strict=True)
    )
    return labels[..., rows[:, None], columns]


def _overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Common pixels of each two segments of two partitions. Shape: (R, S)."""
    rows, columns = first.max() + 1, second.max() + 1
    pairs = first.ravel().astype(np.int64) * columns + second.ravel()
    return np.bincount(pairs, minlength=rows * columns).reshape(rows, columns)


def _best_iou(segments: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of each segment with the best of another partition. Shape: (R,)."""
    common = _overlaps(segments, others)
    union = common.sum(1, keepdims=True) + common.sum(0, keepdims=True) - common
    return (common / union).max(1)


def _standing_out(segments: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Contrast at the border against deviation inside, [0, 1].

    Args:
        segments: Partition. Shape: (H, W).
        colours: CIELAB. Shape: (H * W, 3).

    Returns:
        Shape: (R,). 0 for a segment without neighbours.
    """
    flat = segments.ravel()
    areas = np.bincount(flat)
    means, squares = (
        np.stack([np.bincount(flat, channel) for channel in (colours**power).T], 1) / areas[:, None]
        for power in (1, 2)
    )
    deviation = np.sqrt(np.maximum(squares - means**2, 0).sum(1))
    first = np.concatenate([segments[:, :-1].ravel(), segments[:-1].ravel()])
    second = np.concatenate([segments[:, 1:].ravel(), segments[1:].ravel()])
    border = first != second
    first, second = first[border], second[border]
    distance = np.linalg.norm(means[first] - means[second], axis=1)
    sides = np.concatenate([first, second])
    count = np.bincount(sides, minlength=len(areas))
    contrast = np.bincount(sides, np.tile(distance, 2), minlength=len(areas))
    mean = contrast / np.maximum(count, 1)
    return mean / np.maximum(mean + deviation, 1e-6)
