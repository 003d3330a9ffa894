"""A bound on the stability of SAM's masks at full resolution, from their low-resolution logits."""

import torch
import torch.nn.functional as F
from torch import Tensor


def may_be_stable(
    logits: Tensor,
    size: tuple[int, int],
    input_size: tuple[int, int],
    square: int,
    *,
    offset: float,
    needed: Tensor,
) -> Tensor:
    """Find masks whose stability at full resolution may be high enough, by an upper bound.

    A mask's stability is the IoU of where its logits exceed ``offset`` and where they exceed
    ``-offset``. A pixel's logit lies between the least and the greatest of the 3 x 3 low-resolution
    logits that both bilinear steps draw on, so that no mask need be drawn to bound it.

    Args:
        logits: Shape: (M, S, S).
        size: (H, W) of the image.
        input_size: (h, w) of the resized image in the encoder's square.
        square: Side of that square, in pixels.
        offset: How far above and below 0 the two thresholds lie.
        needed: Least stability of each mask. Shape: (M,).

    Returns:
        Shape: (M,), bool.
    """
    side = logits.shape[-1]
    rows, columns = (
        _pixels_by_centre(pixels, length, square / side, side).to(logits)
        for pixels, length in zip(size, input_size, strict=True)
    )
    # Positions are rounded to float32, which shifts weights by less than 1e-4.
    margin = 2e-4 * logits.abs().amax((-2, -1), keepdim=True)
    least = -F.max_pool2d(-logits[:, None], 3, 1, 1)[:, 0]
    greatest = F.max_pool2d(logits[:, None], 3, 1, 1)[:, 0]
    inner, outer = (
        ((bounds > level).to(logits) @ columns) @ rows
        for bounds, level in ((greatest, offset - margin), (least, margin - offset))
    )
    return (inner > 0) & (inner >= needed * outer - 0.5)


def _pixels_by_centre(size: int, length: int, factor: float, side: int) -> Tensor:
    """How many pixels of an axis draw on the three low-resolution places around each.

    Args:
        size: Pixels of the image.
        length: Pixels of the resized image in the encoder's square.
        factor: Encoder's pixels in a place.
        side: Places of the low-resolution map.

    Returns:
        Shape: (side,), int64. Pixels that draw on places i to i + 2 are counted at i + 1.
    """
    low = ((torch.arange(size) + 0.5) * length / size - 0.5).clamp(min=0).floor()
    first = ((low + 0.5) / factor - 0.5).clamp(min=0).floor().long()
    return torch.bincount((first + 1).clamp(max=side - 1), minlength=side)
