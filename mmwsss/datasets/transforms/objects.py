"""Turn objects of a mask into prompts, for training a promptable network with masks."""

from __future__ import annotations

import random

import numpy as np
from mmcv.transforms import BaseTransform
from scipy import ndimage

from mmwsss.registry import TRANSFORMS
from mmwsss.structures import BoxPrompts


@TRANSFORMS.register_module()
class ObjectsFromMask(BaseTransform):
    """Number connected regions of each class as objects, and make their boxes ``prompts``.

    Comes after ``LoadMask`` and all that changes geometry. Adds the aligned map ``objects``: 0
    nothing, i + 1 the object of prompt i. Draws from Python's generator.

    Args:
        jitter: Greatest error of each side, as a fraction of the box's size, as detectors make.
        min_area: Least area in pixels.
        limit: Objects taken at most, at random.
    """

    def __init__(self, *, jitter: float = 0.1, min_area: int = 16, limit: int = 8) -> None:
        if jitter < 0 or min_area < 1 or limit < 1:
            raise ValueError(
                'jitter >= 0, min_area >= 1 and limit >= 1 are expected, found '
                f'{jitter}, {min_area} and {limit}'
            )
        self.jitter, self.min_area, self.limit = jitter, min_area, limit

    def transform(self, results: dict) -> dict:
        """Number the objects of ``gt_seg_map``."""
        mask = results['gt_seg_map']
        height, width = mask.shape
        found = []
        for value in np.unique(mask):
            if value in (0, 255):
                continue
            regions, _ = ndimage.label(mask == value)
            for number, place in enumerate(ndimage.find_objects(regions), 1):
                own = regions == number
                if own.sum() >= self.min_area:
                    found.append((own, place, value - 1))
        if len(found) > self.limit:
            found = random.sample(found, self.limit)
        objects = np.zeros(mask.shape, np.int64)
        boxes = np.zeros((len(found), 4))
        for index, (own, (rows, columns), _) in enumerate(found):
            objects[own] = index + 1
            box = np.array([columns.start, rows.start, columns.stop, rows.stop], float)
            size = np.tile(box[2:] - box[:2], 2)
            moves = [random.uniform(-self.jitter, self.jitter) for _ in range(4)]
            boxes[index] = box + size * moves
        boxes /= (width, height, width, height)
        results['objects'] = objects
        results.setdefault('aligned', {})['objects'] = 0
        classes = np.array([k for *_, k in found], np.int16)
        results['prompts'] = BoxPrompts(boxes, np.ones(len(found)), classes, (height, width))
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(jitter={self.jitter}, min_area={self.min_area}, '
            f'limit={self.limit})'
        )
