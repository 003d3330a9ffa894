"""Judge masks without ground truth, by statistics of each tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmwsss.stores import MaskStore, ScoreStore
from mmwsss.structures.interpolation import resize_bilinear

_SIDE = 320  # signs need no more pixels
ELLIPSE_AREA = 0.4


@dataclass(frozen=True)
class MaskSigns:
    """Means over the photos that have a tag; shares and agreements (IoU) in percent.

    Args:
        photos: Number of photos with the tag.
        unpainted: Number of those in whose mask the tag does not occur.
        painted: Share of the photo that is painted with the tag.
        border: Share of the photo's outermost pixels that is painted with it. Objects seldom fill
            the border; the setting that they occur in does.
        seed: Agreement with as many of the seed's highest pixels: what refining has moved.
        ellipse: Agreement with an ellipse of 40 % of the photo in its middle: high where the mask
            knows little more than where photographers put things.
    """

    photos: int
    unpainted: int
    painted: float
    border: float
    seed: float
    ellipse: float

    def remarks(self) -> list[str]:
        """Describe in words what looks wrong."""
        remarks = []
        if self.unpainted > 0.2 * self.photos:
            remarks.append(f'{self.unpainted} of {self.photos} photos are not painted')
        if self.painted > 60 or self.border > 50:
            remarks.append('paints the setting too')
        if self.seed < 30:
            remarks.append('refining moved it')
        if self.ellipse > 75:
            remarks.append('little more than an ellipse')
        return remarks


def mask_signs(
    seeds: ScoreStore, masks: MaskStore, tags: Mapping[str, np.ndarray]
) -> dict[str, MaskSigns]:
    """Compute the statistics of each tag.

    Args:
        seeds: Raw seeds of the photos.
        masks: Their final masks.
        tags: Class ids 0..C-1 of each photo that is to be looked at.

    Returns:
        Signs by tag, of the tags that occur, in the order of the classes.
    """
    rows: dict[int, list[tuple]] = {}
    for img_id, classes in tags.items():
        if not len(classes):
            continue
        mask = masks[img_id]
        step = max(1, -(-max(mask.shape) // _SIDE))
        mask = mask[step // 2 :: step, step // 2 :: step]
        seed = seeds[img_id]
        ellipse = _ellipse(mask.shape)
        frame = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
        for number in classes:
            own = mask == number + 1
            at = np.flatnonzero(seed.classes == number)
            scores = resize_bilinear(seed.scores[at], mask.shape)[0] if len(at) else None
            rows.setdefault(int(number), []).append(
                (
                    not own.any(),
                    own.mean(),
                    (frame == number + 1).mean(),
                    _iou(own, _highest(scores, int(own.sum()))) if own.any() else np.nan,
                    _iou(own, ellipse) if own.any() else np.nan,
                )
            )
    names = masks.meta.classes
    return {names[number]: _mean(rows[number]) for number in sorted(rows)}


def _mean(rows: list[tuple]) -> MaskSigns:
    table = np.array(rows, np.float64)
    painted, border = 100 * table[:, 1:3].mean(0)
    seen = table[table[:, 0] == 0, 3:]
    seed, ellipse = 100 * seen.mean(0) if len(seen) else (0.0, 0.0)
    return MaskSigns(
        len(rows), int(table[:, 0].sum()), *map(float, (painted, border, seed, ellipse))
    )


def _highest(scores: np.ndarray | None, count: int) -> np.ndarray | None:
    """Select a given number of the highest pixels."""
    if scores is None:
        return None
    order = np.argsort(-scores, axis=None, kind='stable')[:count]
    chosen = np.zeros(scores.size, bool)
    chosen[order] = True
    return chosen.reshape(scores.shape)


def _iou(a: np.ndarray, b: np.ndarray | None) -> float:
    if b is None:
        return 0.0
    return float((a & b).sum() / max(1, (a | b).sum()))


def _ellipse(shape: tuple[int, ...]) -> np.ndarray:
    extent = np.sqrt(ELLIPSE_AREA / (np.pi / 4))
    y, x = (((np.arange(side) + 0.5) * 2 / side - 1) / extent for side in shape)
    return y[:, None] ** 2 + x**2 <= 1
