"""Class activation maps: normalisation and fusion over scales and mirrored views."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-5


def normalize_cam(cam: Tensor, eps: float = EPS) -> Tensor:
    """Divide each map by its maximum plus ``eps``, as the PSA family does.

    The minimum is not subtracted, and the maximum of the result is just under 1.

    Args:
        cam: Non-negative maps. Shape: (..., h, w).
        eps: Added to the maximum.

    Returns:
        Maps in [0, 1), of the same shape.
    """
    return cam / (cam.amax((-2, -1), keepdim=True) + eps)


def stretch_cam(cam: Tensor, eps: float = EPS) -> Tensor:
    """Subtract each map's minimum, then divide by its maximum plus ``eps``, as ToCo does.

    Args:
        cam: Shape: (..., h, w).
        eps: Added to the maximum.

    Returns:
        Maps in [0, 1), of the same shape.
    """
    return normalize_cam(cam - cam.amin((-2, -1), keepdim=True), eps)


def _resize(views: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, align_corners False. Shape: (P, V, h, w) to (P, V, H, W)."""
    return F.interpolate(views, size, mode='bilinear', align_corners=False)


def _merge(views: Tensor) -> Tensor:
    """Flip the mirrored view back and add it. Shape: (P, V, h, w) to (P, 1, h, w)."""
    return views[:, :1] + views[:, 1:].flip(-1) if views.shape[1] == 2 else views


def _s2c(views: Tensor, size: tuple[int, int]) -> Tensor:
    return _merge(_resize(views, size).relu())


def _irn_cam(views: Tensor, size: tuple[int, int]) -> Tensor:
    return _resize(_merge(views.relu()), (-(-size[0] // 4), -(-size[1] // 4)))


def _irn_high_res(views: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = size
    padded = (-(-height // 16) * 16, -(-width // 16) * 16)
    return _resize(_merge(views.relu()), padded)[..., :height, :width]


def _shifted(views: Tensor, size: tuple[int, int]) -> Tensor:
    merged = _merge(_resize(views, size))
    return merged - merged.amin((-2, -1), keepdim=True)


def _max_flip(views: Tensor, size: tuple[int, int]) -> Tensor:
    views = _resize(views, size)
    if views.shape[1] == 2:
        views = torch.maximum(views[:, :1], views[:, 1:].flip(-1))
    return views.relu()


FUSIONS: dict[str, Callable[[Tensor, tuple[int, int]], Tensor]] = {
    's2c': _s2c,
    'irn_cam': _irn_cam,
    'irn_high_res': _irn_high_res,
    'shifted': _shifted,
    'max_flip': _max_flip,
}


def fuse_scales(maps: Sequence[Tensor], size: tuple[int, int], fuse: str = 's2c') -> Tensor:
    """Sum class activation maps over scales and mirrored views, without normalisation.

    Args:
        maps: Raw maps of each scale, which may be negative. Shape: (P, V, h, w), where P counts
            maps of any images and classes with one ``size``; the first of V = 1 or 2 views is of
            the image, the second of its mirror image (not turned back). h and w differ by scale.
        size: ``(H, W)`` of the images.
        fuse: How the published codes fuse:

            - ``'s2c'``: each map to (H, W), then ReLU (also CTI; PSA's way).
            - ``'irn_cam'``: ReLU first, then to (ceil(H / 4), ceil(W / 4)).
            - ``'irn_high_res'``: ReLU first, then to (H, W), by way of multiples of 16.
            - ``'shifted'``: each map to (H, W), then less its minimum instead of ReLU: evidence
              below zero is kept, for what refines the maps afterwards (ours).
            - ``'max_flip'``: each map to (H, W), the larger of both views, then ReLU (ToCo).

    Returns:
        Non-negative maps. Shape: (P, H, W), or (P, ceil(H / 4), ceil(W / 4)) for ``'irn_cam'``.

    Raises:
        ValueError: No scale is given, a map has another number of views, or ``fuse`` is unknown.
    """
    if fuse not in FUSIONS:
        raise ValueError(f'fuse must be one of {sorted(FUSIONS)}, found {fuse!r}')
    if not maps or any(views.ndim != 4 or views.shape[1] not in (1, 2) for views in maps):
        raise ValueError(
            'maps must be tensors of shape (P, 1 or 2 views, h, w), one a scale, '
            f'found {[tuple(views.shape) for views in maps]}'
        )
    total = FUSIONS[fuse](maps[0], size)
    for views in maps[1:]:
        total = total + FUSIONS[fuse](views, size)
    return total[:, 0]
