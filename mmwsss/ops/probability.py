"""Operations on class probabilities, background included, at every position (ICAM)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-3


def squeezed_logit(probability: Tensor, eps: float = EPS) -> Tensor:
    """Logit that stays finite for every probability in [0, 1].

    ``log(p (1 - eps) + eps) - log(1 - p (1 - eps))``, as in ICAM's code: from ``log eps`` at 0 to
    ``-log eps`` at 1.

    Args:
        probability: In [0, 1], any shape.
        eps: How far the ends of [0, 1] are moved inwards.
    """
    squeezed = probability * (1 - eps)
    return (squeezed + eps).log() - (1 - squeezed).log()


def keep_tagged(probabilities: Tensor, tags: Tensor) -> Tensor:
    """Remove the classes that are not tagged, and rescale the rest to sum to 1.

    Args:
        probabilities: Background first; sum to 1 over the channels. Shape: (N, C + 1, h, w).
        tags: Multi-hot. Shape: (N, C).

    Returns:
        Probabilities, 0 for the classes that are not tagged. Shape: (N, C + 1, h, w).
    """
    kept = torch.cat([torch.ones_like(tags[:, :1]), tags], 1).to(probabilities)
    probabilities = probabilities * kept[..., None, None]
    return probabilities / probabilities.sum(1, keepdim=True).clamp(min=1e-8)


def fuse_tagged(maps: Sequence[Tensor], tags: Tensor, size: tuple[int, int]) -> Tensor:
    """Average the probabilities of the tagged classes over scales and mirrored views (ICAM).

    Args:
        maps: Probabilities at each scale, background first; the second of V = 1 or 2 views is of
            the mirror image (not turned back). Shape: (V, N, C + 1, h, w), h and w differ by scale.
        tags: Multi-hot. Shape: (N, C).
        size: ``(H, W)`` of the images.

    Returns:
        Maps of the P pairs of image and tag, image by image. Shape: (P, H, W).
    """
    image, classes = tags.nonzero(as_tuple=True)
    total, count = maps[0].new_zeros(len(image), *size), 0
    for views in maps:
        for number, view in enumerate(views):
            own = keep_tagged(view, tags)[image, classes + 1, None]
            own = F.interpolate(own, size, mode='bilinear', align_corners=False)[:, 0]
            total += own.flip(-1) if number else own
            count += 1
    return total / count


def keep_best(scores: Tensor, tags: Tensor) -> Tensor:
    """Keep the best class of each pixel and set all others to 0; on a tie all are kept.

    Args:
        scores: Of the P pairs of image and tag, image by image. Shape: (P, H, W).
        tags: Multi-hot. Shape: (N, C).

    Returns:
        Shape: (P, H, W).
    """
    parts = scores.split((tags > 0).sum(1).tolist())
    kept = [part * (part == part.amax(0, keepdim=True)) for part in parts if len(part)]
    return torch.cat(kept) if kept else scores
