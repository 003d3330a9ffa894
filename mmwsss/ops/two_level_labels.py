"""Make labels with a high and a low background score; pixels between the two become 255."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.par import DILATIONS, par

IGNORE = 255


def combine_levels(strict: Tensor, loose: Tensor) -> Tensor:
    """Keep the labels on which the high and the low level agree, as IRN and ToCo do.

    Args:
        strict: Labels against the high background score. Shape: (..., H, W).
        loose: Labels against the low background score. Shape: (..., H, W).

    Returns:
        The strict class where there is one, 0 where both levels are background, otherwise 255.
    """
    undecided = torch.where(loose == 0, 0, IGNORE).to(strict.dtype)
    return torch.where(strict == 0, undecided, strict)


def present_slots(scores: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
    """Gather the maps of the present classes, so that later steps skip all other classes.

    Args:
        scores: Shape: (N, C, H, W).
        tags: Multi-hot. Shape: (N, C).

    Returns:
        Maps of the present classes in ascending order, shape (N, K, H, W), where K is the largest
        number of classes in an image and unused slots are -inf; and the label ``class + 1`` of each
        slot, shape (N, K), int64.
    """
    tags = tags > 0
    number = tags.sum(1)
    slots = (~tags).to(torch.uint8).argsort(dim=1, stable=True)[:, : int(number.max())]
    images = torch.arange(len(scores), device=scores.device)[:, None]
    maps = scores[images, slots]
    spare = torch.arange(slots.shape[1], device=scores.device) >= number[:, None]
    return maps.masked_fill(spare[..., None, None], -torch.inf), slots + 1


def two_level_labels(
    scores: Tensor,
    tags: Tensor,
    *,
    high: float = 0.7,
    low: float = 0.25,
    boxes: Tensor | None = None,
) -> Tensor:
    """Make labels from class scores, without refinement.

    Args:
        scores: In [0, 1]. Shape: (N, C, H, W).
        tags: Image labels, multi-hot; other classes are left out. Shape: (N, C).
        high: A pixel gets its best class if that score exceeds this.
        low: A pixel is background if no score exceeds this.
        boxes: ``(y0, y1, x0, x1)`` of the valid part of each image, ends exclusive; the rest
            becomes 255. Defaults to the whole images. Shape: (N, 4).

    Returns:
        0 background, class id + 1, 255 undecided. Shape: (N, H, W), uint8.
    """
    maps, labels = present_slots(scores, tags)
    levels = [_best(_with_background(maps, level), labels) for level in (high, low)]
    return _crop(combine_levels(*levels), boxes)


@torch.no_grad()
def par_labels(
    images: Tensor,
    scores: Tensor,
    tags: Tensor,
    *,
    high: float = 0.7,
    low: float = 0.25,
    down_scale: int = 2,
    dilations: Sequence[int] = DILATIONS,
    iterations: int = 10,
    boxes: Tensor | None = None,
) -> Tensor:
    """ToCo's label step: softmax with each background score, PAR, best class.

    Args:
        images: Colours in [0, 1]. Shape: (N, 3, H, W).
        scores: In [0, 1]. Shape: (N, C, H, W).
        tags: Image labels, multi-hot; other classes take no part. Shape: (N, C).
        high: High (strict) background score.
        low: Low (loose) background score.
        down_scale: PAR works at this fraction of the size, rounded down.
        dilations: Distances of PAR's neighbours, in pixels of the reduced image.
        iterations: Iterations of PAR.
        boxes: ``(y0, y1, x0, x1)`` of the valid part of each image, ends exclusive; the rest
            becomes 255. Defaults to the whole images. Shape: (N, 4).

    Returns:
        0 background, class id + 1, 255 undecided. Shape: (N, H, W), uint8.
    """
    size = images.shape[-2:]
    refined, labels = refine_levels(
        images,
        scores,
        tags,
        (high, low),
        down_scale=down_scale,
        dilations=dilations,
        iterations=iterations,
    )
    resized = (F.interpolate(part, size, mode='bilinear', align_corners=False) for part in refined)
    return _crop(combine_levels(*(_best(part, labels) for part in resized)), boxes)


@torch.no_grad()
def refine_levels(
    images: Tensor,
    scores: Tensor,
    tags: Tensor,
    levels: Sequence[float],
    *,
    down_scale: int = 2,
    dilations: Sequence[int] = DILATIONS,
    iterations: int = 10,
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Take the softmax with each background score and refine it by PAR at a reduced size.

    Args:
        images: See :func:`par_labels`.
        scores: See :func:`par_labels`.
        tags: See :func:`par_labels`.
        levels: Background scores.
        down_scale: See :func:`par_labels`.
        dilations: See :func:`par_labels`.
        iterations: See :func:`par_labels`.

    Returns:
        For each level the maps of background and present classes, (N, K + 1, h, w), and the label
        of each class's map, (N, K), see :func:`present_slots`.
    """
    small = [max(1, side // down_scale) for side in images.shape[-2:]]
    images, scores = (
        F.interpolate(maps, small, mode='bilinear', align_corners=False)
        for maps in (images, scores)
    )
    maps, labels = present_slots(scores, tags)
    planes = [_with_background(maps, level).softmax(1) for level in levels]
    # All levels share PAR's weights, so one call suffices.
    refined = par(images, torch.cat(planes, 1), dilations=dilations, iterations=iterations)
    return refined.chunk(len(planes), 1), labels


def inside_boxes(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Mark the pixels inside each image's box.

    Args:
        boxes: ``(y0, y1, x0, x1)``, ends exclusive. Shape: (N, 4).
        size: (H, W).

    Returns:
        Shape: (N, H, W), bool.
    """
    rows = torch.arange(size[0], device=boxes.device)[None, :, None]
    columns = torch.arange(size[1], device=boxes.device)[None, None]
    y0, y1, x0, x1 = boxes[:, :, None, None].unbind(1)
    return (rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1)


def _with_background(maps: Tensor, score: float) -> Tensor:
    background = maps.new_full((len(maps), 1, *maps.shape[-2:]), score)
    return torch.cat([background, maps], 1)


def _best(maps: Tensor, labels: Tensor) -> Tensor:
    """Label of the largest map, background first. Shape: (N, K + 1, H, W) to (N, H, W), uint8."""
    labels = F.pad(labels, (1, 0))
    best = maps.argmax(1)
    return labels.gather(1, best.flatten(1)).view_as(best).to(torch.uint8)


def _crop(labels: Tensor, boxes: Tensor | None) -> Tensor:
    if boxes is None:
        return labels
    inside = inside_boxes(boxes.to(labels.device), labels.shape[1:])
    return torch.where(inside, labels, labels.new_tensor(IGNORE))
