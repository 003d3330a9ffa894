"""Paint COCO's annotations into masks by ICAM's rule."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from pycocotools import mask as mask_api


def paint_annotations(
    size: tuple[int, int], shapes: Sequence[tuple[int, list | dict]]
) -> np.ndarray:
    """Paint annotations one over another, as ICAM's preparation of COCO does.

    Coordinates of polygons are cut to integers and filled by OpenCV; run-length codes (crowds) are
    painted too. Nothing is sorted by area, and there is no label for pixels to ignore. The official
    mask API fills polygons by another rule.

    Args:
        size: ``(H, W)``.
        shapes: Mask value and ``segmentation`` of each annotation, in the order of the file.

    Returns:
        Shape: (H, W), uint8; 0 where there is no annotation.
    """
    mask = np.zeros(size, np.uint8)
    for value, shape in shapes:
        if isinstance(shape, list):
            for polygon in shape:
                corners = np.array(polygon).reshape(-1, 2).astype(np.int32)
                cv2.fillPoly(mask, [corners], value)
        else:
            code = shape
            if isinstance(shape['counts'], list):
                code = mask_api.frPyObjects(shape, *shape['size'])
            mask[mask_api.decode(code) != 0] = value
    return mask
