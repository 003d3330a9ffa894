"""Make a label map from boxes, their masks and their confidences, as Co2SAM does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class BoxMapCfg:
    """Options of turning the masks of boxes into a label map.

    Args:
        absent_compete: As published (True), image-level labels are applied only after background
            has been decided, and classes without a map compete with zeros. So where only boxes of
            untagged classes lie, a pixel is neither background nor a tagged class, and the lowest
            untagged class wins. If False, such boxes are dropped first, and only classes with a map
            can win.
        drop_unmatched: Drop boxes without a class. As published (False) they compete as background
            with their mask's score, and can erase objects.
    """

    absent_compete: bool = False
    drop_unmatched: bool = True


@dataclass(frozen=True)
class ClassMaps:
    """Maps of the classes that have boxes; every other class has a map of zeros.

    Args:
        classes: Ascending foreground ids; -1 (background), if there is, is last. Length K.
        maps: Confidence times logits, maximum over the class's boxes. Shape: (K, h, w).
    """

    classes: list[int]
    maps: Tensor


def class_maps(
    logits: Callable[[Tensor], Tensor],
    scores: Tensor,
    classes: Sequence[int],
    size: tuple[int, int],
    at_a_time: int = 8,
) -> ClassMaps:
    """Merge the masks of each class, a few at a time to save memory.

    Args:
        logits: Gives the masks of some boxes, by their indices. (m,) to (m, h, w).
        scores: Confidences. Shape: (n,).
        classes: Class of each box, -1 for none. Length n.
        size: (h, w) of the masks.
        at_a_time: Masks to hold at once.
    """
    present = sorted(set(classes), key=lambda k: (k < 0, k))
    maps = scores.new_empty((len(present), *size))
    for target, name in zip(maps, present, strict=True):
        own = torch.tensor([i for i, k in enumerate(classes) if k == name], device=scores.device)
        for number, part in enumerate(own.split(at_a_time)):
            weighted = logits(part) * scores[part, None, None]
            best = weighted.amax(0)
            target.copy_(best if number == 0 else torch.maximum(target, best))
    return ClassMaps(present, maps)


def assemble(
    masks: ClassMaps,
    size: tuple[int, int],
    num_classes: int,
    labels: Sequence[int] | None,
    cfg: BoxMapCfg,
) -> Tensor:
    """Choose the class of each pixel: same result as with a full map per class, with less memory.

    Args:
        masks: From :func:`class_maps`.
        size: (H, W) of the image.
        num_classes: Number of foreground classes C.
        labels: Foreground ids that the image-level labels allow (oracle tags); None for all.
        cfg: Which rules.

    Returns:
        0 background, k + 1 class k. Shape: (H, W), uint8.
    """
    keep = [i for i, k in enumerate(masks.classes) if k >= 0 or not cfg.drop_unmatched]
    if labels is not None and not cfg.absent_compete:
        allowed = set(labels) | {-1}
        keep = [i for i in keep if masks.classes[i] in allowed]
    if not keep:
        return torch.zeros(size, dtype=torch.uint8, device=masks.maps.device)
    classes, maps = [masks.classes[i] for i in keep], masks.maps
    if len(keep) < len(maps):
        maps = maps[keep]
    has_background = classes[-1] < 0
    uncovered = maps.amax(0) <= 0
    if has_background:
        background = torch.where(uncovered, 1, maps[-1])
    else:
        background = uncovered.to(maps)
    count = len(maps) - has_background
    foreground = classes[:count]
    if labels is not None:
        shown = [i for i, k in enumerate(foreground) if k in set(labels)]
        foreground = [foreground[i] for i in shown]
        maps = maps[shown] if len(shown) < len(maps) else maps
    rows = torch.cat([maps[: len(foreground)], background[None]])
    rows = F.interpolate(rows[None], size, mode='bilinear', align_corners=False)[0]
    value = rows.amax(0)
    # As published the background comes last, and the first of equal classes wins.
    place = (rows == value).to(torch.uint8).argmax(0)
    table = torch.tensor([*foreground, num_classes], device=maps.device)
    winner = table[place]
    if cfg.absent_compete:
        winner = _zero_channels(winner, value, foreground, num_classes)
    return ((winner + 1) % (num_classes + 1)).to(torch.uint8)


def _zero_channels(
    winner: Tensor, value: Tensor, foreground: Sequence[int], num_classes: int
) -> Tensor:
    """Let classes without a map compete with zeros; of these the lowest id wins."""
    absent = next(k for k in range(num_classes + 1) if k not in set(foreground))
    if absent == num_classes:  # the background has a map
        return winner
    beaten = (value < 0) | ((value == 0) & (absent < winner))
    return torch.where(beaten, absent, winner)
