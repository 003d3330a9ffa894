"""SAM as a decoder of point prompts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.models.sam.point_decoder import PointDecoder, PointMasks
from mmwsss.models.sam.sam import SAM
from mmwsss.registry import MODELS


@MODELS.register_module()
class SAMPointDecoder(PointDecoder):
    """Predict one SAM mask per point prompt, with SAM's logits as confidence.

    As in S2C (CVPR 2024): images are resized to SAM's square (bilinear, aligned corners) and
    truncated to integers. The last of SAM's three masks (usually the whole object) is used, and its
    low-resolution logit map is the "confidence". All images with prompts are encoded as one batch,
    and all prompts are decoded together.

    Args:
        sam: Config of a :class:`~mmwsss.models.sam.sam.SAM`, or one.
        output: Which of the three masks, 0 to 2.
    """

    def __init__(self, sam: Mapping[str, Any] | SAM, *, output: int = 2):
        if output not in (0, 1, 2):
            raise ValueError(f'output is 0, 1 or 2 of three masks, found {output}')
        self.sam = sam if isinstance(sam, SAM) else MODELS.build(dict(sam))
        self.output = output

    def __call__(
        self,
        images: Tensor,
        samples: Sequence[SegDataSample],
        image: Sequence[int],
        points: Sequence[np.ndarray],
    ) -> PointMasks:
        """Predict one mask per prompt; see :class:`PointDecoder`."""
        height, width = images.shape[-2:]
        if not len(points):
            empty = images.new_zeros((0, height, width))
            return PointMasks(empty > 0, empty)
        side = self.sam.sizes.image_size
        rows, index = np.unique(image, return_inverse=True)
        embeddings = self.sam.encode(self.to_square(images[rows]))
        scaled = [self.scale_points(p, (height, width), side) for p in points]
        outputs = (1 + self.output,)
        logits = self.sam.decode(
            embeddings, self.sam.prompts(index, scaled), outputs=outputs, with_iou=False
        ).logits
        masks, confidence = resize_logits(logits[:, 0], (height, width), side)
        return PointMasks(masks > self.sam.mask_threshold, confidence)

    def to_square(self, images: Tensor) -> Tensor:
        """Resize images (N, 3, H, W) to SAM's square; values become whole numbers 0..255."""
        side = self.sam.sizes.image_size
        square = F.interpolate(images, (side, side), mode='bilinear', align_corners=True)
        return square.to(torch.uint8)

    @staticmethod
    def scale_points(points: np.ndarray, size: tuple[int, int], side: int) -> np.ndarray:
        """Scale points (n, 2) of an image to SAM's square. Returns float64."""
        return np.asarray(points, np.float64) * side / np.array(size[::-1])


def resize_logits(logits: Tensor, size: tuple[int, int], side: int) -> tuple[Tensor, Tensor]:
    """Resize low-resolution logits to the size of an image that was stretched to SAM's square.

    SAM resizes in two bilinear steps: up to the square, then down to the image. Where the image
    has the size of the logits and the square is four times as large, both steps together equal a
    filter with taps 1/16, 14/16, 1/16 in each direction, with values repeated at the border.

    Args:
        logits: Shape: (P, s, s).
        size: (H, W) of the image.
        side: Side of the square.

    Returns:
        Logits resized in two steps (they give the masks) and in one step (the confidence).
        Shape: (P, H, W) each.
    """
    own = tuple(logits.shape[1:])
    if own == size and side == 4 * own[0]:
        return _three_taps(_three_taps(logits).mT).mT, logits
    square = F.interpolate(logits[:, None], (side, side), mode='bilinear', align_corners=False)
    masks = F.interpolate(square, size, mode='bilinear', align_corners=False)
    direct = F.interpolate(logits[:, None], size, mode='bilinear', align_corners=False)
    return masks[:, 0], direct[:, 0]


def _three_taps(x: Tensor) -> Tensor:
    """Apply the filter 1/16, 14/16, 1/16 along the last axis."""
    result = x * (14 / 16)
    result[..., 1:] += x[..., :-1] / 16
    result[..., :-1] += x[..., 1:] / 16
    result[..., :1] += x[..., :1] / 16
    result[..., -1:] += x[..., -1:] / 16
    return result
